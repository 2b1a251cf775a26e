"""Contexts as a text encoder reads them: one after the other, up to a length."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

Unit = TypeVar("Unit")


def joined(
    contexts: Iterable[tuple[str, Sequence[Unit]]], between: Sequence[Unit], limit: int
) -> tuple[list[Unit], list[str]]:
    """The units of contexts, in order, with ``between`` between two, and the names of those that were cut.

    At most ``limit`` units are kept of all together, those between not counted; what comes last is cut.
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
