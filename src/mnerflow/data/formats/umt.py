"""UMT's Twitter files: an ``IMGID:`` line, then one token, a tab and its tag per line.

Twitter-2015, Twitter-2017 and Twitter10000 use this format. The ``IMGID`` is the id of the post, and its
image is ``<IMGID>.jpg``. An ``IMGID`` with a suffix such as ``.png`` or ``.jpeg`` is itself the file's name.
Several ``IMGID:`` lines are several images. A ``WID:`` line before them, as in Weibo's posts, is the id.
"""

from collections.abc import Iterator
from pathlib import Path

from mnerflow.data.formats._blocks import blocks
from mnerflow.data.formats._head import HEAD, IMAGE_ID, named
from mnerflow.data.post import Post
from mnerflow.errors import UserError


def looks_like(start: str) -> bool:
    """Whether the start of a file is a post in UMT's form."""
    return bool(HEAD.match(start))


def records(path: Path) -> Iterator[tuple[int, tuple[int, list[str], list[str]]]]:
    """Yield, for every tweet, its first line number, and the lines of its head and of its tokens.

    The latter two are preceded by the line number of the first token.
    """
    for line, lines in blocks(path):
        head = next((index for index, row in enumerate(lines) if not HEAD.match(row)), len(lines))
        yield line, (line + head, lines[:head], lines[head:])


def to_post(path: Path, line: int, record: tuple[int, list[str], list[str]]) -> Post:
    """Parse one tweet; raises ``UserError`` for a missing ``IMGID:`` line or a line without its tag."""
    first, head, rows = record
    if not head:
        raise UserError(
            f"{path}:{line}: a post must begin with a line {IMAGE_ID}<id>, not {rows[0][:40]!r}. "
            "Add it, or remove the empty line before."
        )
    tokens, labels = [], []
    for number, row in enumerate(rows, start=first):
        token, *tag = row.split("\t")
        if len(tag) != 1:
            raise UserError(
                f"{path}:{number}: a token, one tab and its tag are expected, not {row[:40]!r}. "
                "Mend the line; an empty line ends a post."
            )
        tokens.append(token)
        labels.append(tag[0].strip(" "))
    identifier, images = named(head)
    return Post(identifier, tokens, labels, images=images)


def line_of_token(record: tuple[int, list[str], list[str]], index: int) -> int:
    """The line of a token of a tweet."""
    return record[0] + index
