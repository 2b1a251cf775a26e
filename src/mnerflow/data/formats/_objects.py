"""JSON objects, one per line or in a single list."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from mnerflow.data.split_names import SPLIT_OF
from mnerflow.errors import UserError
from mnerflow.files.json_text import json_object, parse_json
from mnerflow.files.reading import read_lines, read_text

Entry = str | Any  # a line with an object, or an entry of a list


def entries(path: Path) -> Iterator[tuple[int, Entry]]:
    """Yield the number of the line, or the position in the list, of every entry, and the entry.

    Blank lines are skipped. Only ``\\n`` ends a line. Raises ``UserError`` for an invalid list.
    """
    lines = ((number, line) for number, line in read_lines(path) if line.strip())
    first = next(lines, None)
    if first and first[1].lstrip().startswith("["):
        try:
            values = parse_json(read_text(path))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}: not one valid list of JSON ({error}). Export it again.") from error
        yield from enumerate(values, start=1)
        return
    if first:
        yield from chain([first], lines)


def object_of(entry: Entry, place: str) -> dict[str, Any]:
    """An entry as an object; raises ``UserError`` for anything else."""
    if isinstance(entry, str):
        return json_object(entry, place)
    if not isinstance(entry, dict):
        raise UserError(f"{place}: a JSON object is expected, with the fields of a post. Export it again.")
    return entry


def of_split(path: Path, split_key: str, split: str) -> Iterator[tuple[int, Entry]]:
    """Yield the entries whose field ``split_key`` names ``split``; all entries if ``split_key`` is empty.

    Raises ``UserError`` for a field that names no split.
    """
    for number, entry in entries(path):
        if split_key:
            entry = object_of(entry, f"{path}:{number}")
            named = str(entry.pop(split_key, ""))
            if named.lower() not in SPLIT_OF:
                raise UserError(
                    f"{path}:{number}: {split_key}: {named!r} is no split. Write train, dev or test."
                )
            if SPLIT_OF[named.lower()] != split:
                continue
        yield number, entry
