"""JSON and JSON lines, written atomically and parsed strictly."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files.reading import read_lines, read_text
from mnerflow.files.writing import atomic_path, write_text
from mnerflow.finite import finite


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; raises ``ValueError`` for NaN and infinity."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path, remedy: str = "") -> Any:
    """Read a JSON file; raises ``UserError`` as ``reading`` does, and for invalid JSON."""
    try:
        return parse_json(read_text(path, remedy))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}). {remedy or 'Mend the file.'}") from error


def parse_json(text: str) -> Any:
    """Parse JSON strictly.

    Raises ``ValueError`` for invalid JSON, and for two things that Python accepts: NaN and infinity, which
    are no JSON, and repeated keys, of which Python keeps the last.
    """
    return _DECODER.decode(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {key[:40]!r} stands twice")
    return found


# Built once: `json.loads` would build a decoder for every line.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=finite, parse_constant=finite)


def write_json_lines(path: str | Path, records: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object per line, atomically."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def read_json_lines(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield ``(line number, object)``; raises ``UserError`` naming the file and line."""
    for number, line in read_lines(path):
        if line.strip():
            yield number, json_object(line, f"{path}:{number}")


def json_object(line: str, place: str) -> dict[str, Any]:
    """Parse one JSON object; raises ``UserError`` naming ``place``, its file and line."""
    try:
        record = parse_json(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: not valid JSON ({error}). Write one JSON object a line.") from error
    if not isinstance(record, dict):
        raise UserError(
            f"{place}: a JSON object is expected, not {type(record).__name__}. Write one JSON object a line."
        )
    return record
