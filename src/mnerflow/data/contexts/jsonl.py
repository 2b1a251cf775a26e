"""Texts by post: one object with ``id`` and ``text`` per line."""

from collections.abc import Iterator
from pathlib import Path

from mnerflow.data.formats._fields import identifier, string
from mnerflow.errors import UserError
from mnerflow.files.json_text import read_json_lines

BY = "id"


def texts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, post id and text; raises ``UserError`` for a missing or wrongly typed field."""
    for number, record in read_json_lines(path):
        place = f"{path}:{number}"
        if "text" not in record:
            raise UserError(
                f"{place}: the field 'text' is missing. Add the post's text, empty if it has none."
            )
        yield number, identifier(record, "id", place), string(record, "text", place)
