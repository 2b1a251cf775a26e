"""Contexts as a text encoder reads them: concatenated, up to a length."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

Unit = TypeVar("Unit")


def concatenate_contexts(
    contexts: Iterable[tuple[str, Sequence[Unit]]], between: Sequence[Unit], limit: int
) -> tuple[list[Unit], list[str]]:
    """Concatenate the units of contexts, in order; returns them and the names of the contexts that were cut.

    ``between`` separates two contexts. At most ``limit`` units are kept in total, not counting separators.
    Each context has an equal share of them. What a short one does not need goes to the longer ones.
    """
    texts = list(contexts)
    kept = shares([len(units) for _, units in texts], limit)
    row: list[Unit] = []
    for (_, units), length in zip(texts, kept, strict=True):
        if length:
            row += [*(between if row else ()), *units[:length]]
    return row, [name for (name, units), length in zip(texts, kept, strict=True) if length < len(units)]


def shares(lengths: Sequence[int], limit: int) -> list[int]:
    """How much of each length to keep, at most ``limit`` in total: as equal as the lengths allow."""
    kept = [0] * len(lengths)
    ascending = sorted(range(len(lengths)), key=lengths.__getitem__)
    for done, index in enumerate(ascending):
        kept[index] = min(lengths[index], limit // (len(lengths) - done))
        limit -= kept[index]
    return kept
