"""The characters of pages without white space, which serve to find a text on its lines.

Two texts that differ only in white space and line ends are the same stream of characters, however each was
tokenized. So an offset in the stream identifies the line. Only exact matches count.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, TypeVar

from mnerflow.data.offsets import Span
from mnerflow.data.post import Post
from mnerflow.data.tags import spans
from mnerflow.errors import UserError, quantity

LineKey = TypeVar("LineKey")


def characters(text: str) -> str:
    """A text without its white space."""
    return "".join(text.split())


def in_common(one: str, other: str) -> int:
    """The number of characters that two texts have in common at their beginning."""
    unlike = (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(unlike, min(len(one), len(other)))


@dataclass(frozen=True)
class Stream(Generic[LineKey]):
    """The characters of lines, one after the other, with the ``keys`` and ``starts`` of the lines."""

    text: str
    keys: list[LineKey]
    starts: list[int]

    @classmethod
    def of(cls, lines: Iterable[tuple[LineKey, str]]) -> "Stream[LineKey]":
        """The stream of ``lines``, given as key and text."""
        lines = list(lines)
        texts = [characters(text) for _, text in lines]
        return cls("".join(texts), [key for key, _ in lines], [0, *accumulate(map(len, texts))])

    def line_at(self, offset: int) -> LineKey:
        """The line that contains the character at ``offset``."""
        return self.keys[bisect_right(self.starts, offset) - 1]

    def between(self, start: int, end: int) -> list[LineKey]:
        """The lines that contain the characters from ``start`` to ``end`` (exclusive)."""
        first = bisect_right(self.starts, start) - 1
        return self.keys[first : bisect_right(self.starts, end - 1)]


def entities(post: Post, offset: int) -> set[Span]:
    """The entities of a post, as spans of a stream in which the post begins at ``offset``."""
    ends = [offset, *(offset + end for end in accumulate(len(characters(token)) for token in post.tokens))]
    return {(ends[first], ends[last], kind) for kind, first, last in spans(post.labels)}


def without_white_space(text: str, found: Iterable[Span]) -> list[Span]:
    """Move spans of ``text`` to where they lie in ``text`` without its white space.

    A span that ends in white space then ends at its last visible character. The offsets are the same however
    the text is tokenized. Raises ``UserError`` for a span that does not lie in the text.
    """
    offsets = [0, *accumulate(not character.isspace() for character in text)]
    moved = []
    for start, end, kind in found:
        if not 0 <= start < end < len(offsets):
            raise UserError(
                f"The span {start}–{end} {kind} does not lie in its page text of "
                f"{quantity(len(text), 'character')}. Was the text changed after it was annotated?"
            )
        moved.append((offsets[start], offsets[end], kind))
    return moved


def with_white_space(text: str, found: Iterable[Span]) -> list[Span]:
    """Move spans of ``text`` without its white space to where they lie in ``text``."""
    seen = [index for index, character in enumerate(text) if not character.isspace()]
    return [(seen[start], seen[end - 1] + 1, kind) for start, end, kind in found if start < end]


def groups_of_pages(pages: Iterable[Sequence[str]]) -> dict[str, str]:
    """Map each page to the first page of its group; ``pages`` are the pages of each text.

    Pages are in one group if a text crosses the break between them.
    """
    members: dict[str, list[str]] = {}
    for names in pages:
        joined = list(dict.fromkeys(page for name in names for page in members.get(name, [name])))
        members |= dict.fromkeys(joined, joined)
    return {page: group[0] for page, group in members.items()}
