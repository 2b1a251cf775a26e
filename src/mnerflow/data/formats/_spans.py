"""Turn annotated spans of a text into tags, for all formats that contain spans."""

from bisect import bisect, bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise

from mnerflow.data.offsets import Offsets, Span
from mnerflow.data.tags import OUTSIDE, entity_tags
from mnerflow.errors import UserError, quantity
from mnerflow.log import logger


def trimmed(span: Span, text: str, place: str) -> Span:
    """The span without white space at its ends; raises ``UserError`` if it contains no word."""
    start, end, kind = span
    if not 0 <= start < end <= len(text) or not text[start:end].strip():
        raise UserError(
            f"{place}: the span {start}–{end} holds no word of its text of "
            f"{quantity(len(text), 'character')}. Was the text changed after it was annotated, or "
            "are the places bytes?"
        )
    there = text[start:end]
    return start + len(there) - len(there.lstrip()), end - len(there) + len(there.rstrip()), kind


def longest(spans: Iterable[Span], place: str) -> list[Span]:
    """Choose spans that do not overlap, the longest among those that do; the others are logged."""
    chosen: list[Span] = []
    for span in sorted({*spans}, key=lambda span: (span[0] - span[1], span)):
        index = bisect(chosen, span)
        before, after = chosen[index - 1 : index], chosen[index : index + 1]
        if (before and before[0][1] > span[0]) or (after and after[0][0] < span[1]):
            logger.warning("%s: left out, a longer span has its words: %d–%d %s", place, *span)
        else:
            chosen.insert(index, span)
    return chosen


def tokenized(text: str, spans: list[Span], place: str) -> tuple[list[str], list[str]]:
    """Tokens and labels of a text whose spans do not overlap.

    A word is cut where a span begins or ends within it. The log lists cuts between two letters or digits,
    but in scripts without spaces, where nothing else tells where a word ends.
    """
    from mnerflow.data.tokenizers import UNSEGMENTED, tokenize  # needs ICU, which other formats do not

    words = tokenize(text)
    starts = [start for start, _ in words]
    for span in spans:
        for edge in span[:2]:
            start, end = words[bisect(starts, edge) - 1]
            before, after = text[start:edge], text[edge:end]
            if before[-1:].isalnum() and after[:1].isalnum() and not UNSEGMENTED.search(before + after):
                logger.warning("%s: the span %d–%d %s cuts a word: %s|%s", place, *span, before, after)
    places, labels = tagged(words, spans)
    return [text[start:end] for start, end in places], labels


def tagged(words: Iterable[Offsets], spans: list[Span]) -> tuple[list[Offsets], list[str]]:
    """Cut words where a span begins or ends within them, and tag them; the spans must not overlap."""
    cuts = sorted({edge for start, end, _ in spans for edge in (start, end)})
    parts = [part for start, end in words for part in _cut(start, end, cuts)]
    starts, labels = [start for start, _ in parts], [OUTSIDE] * len(parts)
    for start, end, kind in spans:
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        labels[first:last] = entity_tags(kind, last - first)
    return parts, labels


def _cut(start: int, end: int, cuts: list[int]) -> Iterator[Offsets]:
    """Yield the parts of a word, cut where a span begins or ends."""
    yield from pairwise([start, *cuts[bisect(cuts, start) : bisect_left(cuts, end)], end])
