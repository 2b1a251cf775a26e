"""JSON lines: one post per line, or one list of posts, in the canonical fields or in MNER-MI's.

``id`` (text or whole number), ``tokens`` and ``labels`` are required; ``images``, ``contexts`` (texts by
name), ``language`` and ``group`` are optional. ``caption`` is another way to write the context of that name.
MNER-MI calls the tokens ``text`` and the labels ``label``. Any other field is ignored, but one that looks
like a misspelt known field is an error.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mnerflow.data.formats._fields import OTHER_NAMES, identifier, string, strings, texts
from mnerflow.data.formats._objects import Entry, object_of, of_split
from mnerflow.data.post import CAPTION, Post
from mnerflow.errors import UserError

CONTEXTS = True
OPTIONS = ("split_key", "split")
KNOWN = ("id", "tokens", "labels", "images", "contexts", CAPTION, "language", "group")


def looks_like(start: str) -> bool:
    """Whether the start of a file is JSON."""
    return bool(re.match(r"\{|\[\s*\{", start))


def records(path: Path, split_key: str = "", split: str = "") -> Iterator[tuple[int, Entry]]:
    """Yield the line, or list position, of every post, and its entry; with ``split_key``, of one split."""
    return of_split(path, split_key, split)


def to_post(path: Path, line: int, record: Entry) -> Post:
    """Build a post; raises ``UserError`` for broken JSON and a missing, misspelt or wrongly typed field."""
    return from_record(path, line, object_of(record, f"{path}:{line}"))


def from_record(path: Path, line: int, record: dict[str, Any]) -> Post:
    """Like ``to_post``, for the object of a line."""
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


def unread(entry: Entry, place: str) -> set[str]:
    """The fields of an entry that are not read."""
    return object_of(entry, place).keys() - {*KNOWN, *OTHER_NAMES.values()}


def _contexts(record: dict[str, Any], place: str) -> dict[str, str]:
    """The contexts that have words, including the caption, in whichever of its two fields it is."""
    contexts, caption = texts(record, "contexts", place), string(record, CAPTION, place)
    if caption and contexts.setdefault(CAPTION, caption) != caption:
        raise UserError(
            f"{place}: the fields 'caption' and 'contexts' hold two captions. Remove one of them."
        )
    return {name: text for name, text in contexts.items() if text.strip()}


def _check_names(record: dict[str, Any], place: str) -> None:
    strange = record.keys() - set(KNOWN) - set(OTHER_NAMES.values())
    missing = [name for name in KNOWN if name not in record]
    for name in sorted(strange):
        if near := get_close_matches(name, missing, n=1, cutoff=0.8):
            raise UserError(f"{place}: the field {name!r} is not known. Did you mean {near[0]!r}?")
