"""Texts by image: one ``<image name> :<text>`` per line."""

from collections.abc import Iterator
from pathlib import Path

from mnerflow.errors import UserError
from mnerflow.files.reading import read_lines

BY = "image"


def texts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, image name and text; raises ``UserError`` for a line without `` :``."""
    for number, line in read_lines(path):
        if not line:
            continue
        name, separator, text = line.partition(" :")
        if not separator or not name:
            raise UserError(
                f"{path}:{number}: '<image name> :<text>' is expected, not {line[:40]!r}. Mend the line."
            )
        yield number, name, text.strip(" ")
