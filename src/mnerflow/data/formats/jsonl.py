"""JSON lines: one post a line, in the canonical fields or in MNER-MI's.

``id`` (text or whole number), ``tokens`` and ``labels`` are needed; ``images``, ``contexts`` (texts by
name), ``language`` and ``group`` are optional. ``caption`` is another way to write the context of that name.
MNER-MI calls the tokens ``text`` and the labels ``label``. Any other field
is left out, but one that looks like a misspelt known field is an error.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mnerflow.data.formats._fields import OTHER_NAMES, identifier, string, strings, texts
from mnerflow.data.post import CAPTION, Post
from mnerflow.errors import UserError
from mnerflow.files import json_object, read_lines, read_text

CONTEXTS = True
KNOWN = ("id", "tokens", "labels", "images", "contexts", CAPTION, "language", "group")


def looks_like(start: str) -> bool:
    """Whether a file that begins so holds JSON."""
    return bool(re.match(r"\{|\[\s*\{", start))


def records(path: Path) -> Iterator[tuple[int, str]]:
    """Yield ``(line number, line)`` of every line that is not blank; lines end at ``\\n`` alone.

    Raises ``UserError`` for a file that is one JSON list.
    """
    if read_text(path).lstrip().startswith("["):
        raise UserError(f"{path}: one JSON list, but a post a line is read. `jq -c '.[]'` writes it so.")
    for number, line in read_lines(path):
        if line.strip():
            yield number, line


def to_post(path: Path, line: int, text: str) -> Post:
    """Build a post; raises ``UserError`` for broken JSON and a field missing, misspelt or of a wrong type."""
    return from_record(path, line, json_object(text, f"{path}:{line}"))


def from_record(path: Path, line: int, record: dict[str, Any]) -> Post:
    """As ``to_post``, of a line's object."""
    place = f"{path}:{line}"
    _check_names(record, place)
    return Post(
        identifier(record, "id", place),
        strings(record, "tokens", place),
        strings(record, "labels", place),
        images=strings(record, "images", place) if "images" in record else [],
        contexts=_contexts(record, place),
        language=string(record, "language", place),
        group=identifier(record, "group", place) if "group" in record else "",
    )


def _contexts(record: dict, place: str) -> dict[str, str]:
    """Those that have words, the caption among them, wherever it stands."""
    contexts, caption = texts(record, "contexts", place), string(record, CAPTION, place)
    if caption and contexts.setdefault(CAPTION, caption) != caption:
        raise UserError(
            f"{place}: the fields 'caption' and 'contexts' hold two captions. Remove one of them."
        )
    return {name: text for name, text in contexts.items() if text}


def _check_names(record: dict, place: str) -> None:
    strange = record.keys() - set(KNOWN) - set(OTHER_NAMES.values())
    missing = [name for name in KNOWN if name not in record]
    for name in sorted(strange):
        if near := get_close_matches(name, missing, n=1, cutoff=0.8):
            raise UserError(f"{place}: the field {name!r} is not known. Did you mean {near[0]!r}?")
