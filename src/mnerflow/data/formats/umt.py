"""UMT's Twitter files: an ``IMGID:`` line, then a token, a tab and its tag a line.

Twitter-2015, Twitter-2017 and Twitter10000 come in it. The ``IMGID`` is the id of the post, and its
image is ``<IMGID>.jpg``; an ``IMGID`` that ends in ``.png``, ``.jpeg`` and the like names the file.
"""

from collections.abc import Iterator
from pathlib import Path

from mnerflow.data.formats._blocks import blocks
from mnerflow.data.formats._check import check_post
from mnerflow.data.post import IMAGE_SUFFIXES, Post
from mnerflow.errors import UserError

HEADER = "IMGID:"


def looks_like(start: str) -> bool:
    """Whether a file that begins so has posts in UMT's form."""
    return start.startswith(HEADER)


def records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of every tweet and the number of its ``IMGID:`` line."""
    return blocks(path)


def to_post(path: Path, line: int, lines: list[str]) -> Post:
    """Parse one tweet; raises ``UserError`` for a missing ``IMGID:`` line or a line without its tag."""
    header, *rows = lines
    if not header.startswith(HEADER):
        raise UserError(
            f"{path}:{line}: a post must begin with a line {HEADER}<id>, not {header[:40]!r}. "
            "Add it, or remove the empty line before."
        )
    tokens, labels = [], []
    for number, row in enumerate(rows, start=line + 1):
        token, *tag = row.split("\t")
        if len(tag) != 1:
            raise UserError(
                f"{path}:{number}: a token, one tab and its tag are expected, not {row[:40]!r}. "
                "Mend the line; an empty line ends a post."
            )
        tokens.append(token)
        labels.append(tag[0])
    identifier = header.removeprefix(HEADER).strip(" ")
    image = identifier if identifier.lower().endswith(IMAGE_SUFFIXES) else f"{identifier}.jpg"
    return check_post(Post(identifier, tokens, labels, images=[image]), path, line, line + 1)
