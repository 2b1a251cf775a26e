"""The characters of pages without white space, by which a text is found again on its lines.

Two texts that differ in white space and line ends alone are one stream of characters, however each was cut
into words. So an offset in the stream tells the line. Nothing is guessed from similar text.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, TypeVar

from mnerflow.data.post import Post
from mnerflow.data.tags import spans
from mnerflow.errors import UserError, quantity

Place = TypeVar("Place")
Span = tuple[int, int, str]  # characters from start to end (exclusive), entity type


def characters(text: str) -> str:
    """A text without its white space."""
    return "".join(text.split())


def in_common(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    unlike = (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(unlike, min(len(one), len(other)))


@dataclass(frozen=True)
class Stream(Generic[Place]):
    """The characters of lines, one after the other; ``places`` are the lines, ``starts`` their offsets."""

    text: str
    places: list[Place]
    starts: list[int]

    @classmethod
    def of(cls, lines: Iterable[tuple[Place, str]]) -> "Stream[Place]":
        """The stream of lines, each with its text."""
        lines = list(lines)
        texts = [characters(text) for _, text in lines]
        return cls("".join(texts), [place for place, _ in lines], [0, *accumulate(map(len, texts))])

    def place_at(self, offset: int) -> Place:
        """The line on which a character stands."""
        return self.places[bisect_right(self.starts, offset) - 1]

    def between(self, start: int, end: int) -> list[Place]:
        """The lines on which the characters from ``start`` to ``end`` (exclusive) stand."""
        first = bisect_right(self.starts, start) - 1
        return self.places[first : bisect_right(self.starts, end - 1)]


def entities(post: Post, offset: int) -> set[Span]:
    """The entities of a post whose first character is at ``offset`` of a stream."""
    ends = [offset, *(offset + end for end in accumulate(len(characters(token)) for token in post.tokens))]
    return {(ends[first], ends[last], kind) for kind, first, last in spans(post.labels)}


def without_white_space(text: str, found: Iterable[Span]) -> list[Span]:
    """Spans of ``text`` as they lie in it without its white space.

    A span that ends in white space ends at its last letter there, and a tokeniser changes no offset.
    Raises ``UserError`` for a span that does not lie in the text.
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
    """Spans of ``text`` without its white space as they lie in ``text``."""
    seen = [index for index, character in enumerate(text) if not character.isspace()]
    return [(seen[start], seen[end - 1] + 1, kind) for start, end, kind in found if start < end]


def groups_of_pages(pages: Iterable[Sequence[str]]) -> dict[str, str]:
    """For each page the first page of its group; ``pages`` are those of each text.

    Pages are grouped when a text crosses their break.
    """
    members: dict[str, list[str]] = {}
    for names in pages:
        joined = list(dict.fromkeys(page for name in names for page in members.get(name, [name])))
        members |= dict.fromkeys(joined, joined)
    return {page: group[0] for page, group in members.items()}
