"""Texts by image, as RiVEG publishes them: ``imgid:<id>###<text>``, where a text may span lines.

The image is ``<id>.jpg``. The texts were written by mPLUG-Owl and have line breaks between paragraphs.
"""

from collections.abc import Iterator
from pathlib import Path

from mnerflow.errors import UserError
from mnerflow.files.reading import read_lines

BY = "image"
HEADER, SEPARATOR = "imgid:", "###"


def texts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, image name and joined lines of a text; raises ``UserError`` for a broken header."""
    start, name, words = 0, "", list[str]()
    for number, line in read_lines(path):
        if line.startswith(HEADER):
            if name:
                yield start, name, " ".join(words)
            identifier, separator, first = line.removeprefix(HEADER).partition(SEPARATOR)
            if not separator or not identifier:
                raise UserError(
                    f"{path}:{number}: '{HEADER}<id>{SEPARATOR}<text>' is expected, not {line[:40]!r}. "
                    "Mend the line."
                )
            start, name, words = number, f"{identifier}.jpg", first.split()
        elif name:
            words += line.split()
        elif line:
            raise UserError(
                f"{path}:{number}: '{HEADER}<id>{SEPARATOR}<text>' must stand first, not {line[:40]!r}. "
                "Mend the line."
            )
    if name:
        yield start, name, " ".join(words)
