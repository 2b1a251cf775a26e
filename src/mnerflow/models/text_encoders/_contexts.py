"""Contexts as a text encoder reads them: concatenated, up to a length."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

Unit = TypeVar("Unit")


def concatenate_contexts(
    contexts: Iterable[tuple[str, Sequence[Unit]]], between: Sequence[Unit], limit: int
) -> tuple[list[Unit], list[str]]:
    """Concatenate the units of contexts, in order; returns them and the names of the contexts that were cut.

    ``between`` separates two contexts. At most ``limit`` units are kept in total, not counting separators.
    The rest is cut from the end.
    """
    row: list[Unit] = []
    cut: list[str] = []
    for name, units in contexts:
        if len(units) > limit:
            cut.append(name)
        if kept := units[:limit]:
            row += [*(between if row else ()), *kept]
            limit -= len(kept)
    return row, cut
