"""Conditions that a run reads its posts under: all sources true, or one of them made wrong."""

import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Self

from mnerflow.errors import UserError, suggest

IMAGE = "image"
CHANGES = ("shuffled", "blank")


@dataclass(frozen=True, order=True, slots=True)
class Condition:
    """A source and what is changed in it; neither where all are true.

    ``source`` is ``image`` or a context's name. ``shuffled`` hands every post another one's, ``blank`` a grey
    image in place of each, or no text.
    """

    source: str = ""
    change: str = ""

    @classmethod
    def named(cls, name: str) -> Self:
        """Read what ``name`` says; raises ``UserError`` for what is none."""
        if name == "true":
            return cls()
        source, dot, change = name.rpartition(".")
        if not (source and dot) or change not in CHANGES:
            raise UserError(
                f"{name!r} is no condition{suggest(change, CHANGES)}. Write `true`, or a source, a dot and "
                f"{' or '.join(CHANGES)}, such as image.shuffled."
            )
        return cls(source, change)

    @property
    def name(self) -> str:
        """``"true"``, or ``"image.shuffled"``."""
        return f"{self.source}.{self.change}" if self.source else "true"


TRUE = Condition()


def conditions_of(sources: Sequence[str]) -> dict[str, list[Condition]]:
    """By split, what a run that reads ``sources`` besides the text is predicted under, in order."""
    wrong = [Condition(source, change) for source in sources for change in CHANGES]
    return {"dev": [TRUE], "test": sorted([TRUE, *wrong])}


def meet(one: frozenset[Hashable], other: frozenset[Hashable]) -> bool:
    """Whether two posts have the same images or text, or albums that share one."""
    return one == other or bool(one & other)


def shuffled(contents: Sequence[frozenset[Hashable]], seed: int) -> list[int]:
    """For every post, of the images or the text that it has, the place of the post whose it is handed.

    A random order, in which no post is handed what meets its own, see ``meet``. Where more than half of all
    are equal, as few as can be keep theirs.
    """
    order = list(range(len(contents)))
    random.Random(seed).shuffle(order)
    given = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    for same in dict.fromkeys(contents[post] for post in order if contents[post] == contents[given[post]]):
        keeping = [post for post in order if contents[post] == same == contents[given[post]]]
        # Those who neither have it nor were handed it: while there is one, an exchange mends two places.
        free = (post for post in order if same not in (contents[post], contents[given[post]]))
        for post, other in zip(keeping, free, strict=False):
            given[post], given[other] = given[other], given[post]
    for post in [post for post in order if contents[post] & contents[given[post]]]:
        free = (
            other
            for other in order
            if not meet(contents[post], contents[given[other]])
            and not meet(contents[other], contents[given[post]])
        )
        if meet(contents[post], contents[given[post]]) and (partner := next(free, None)) is not None:
            given[post], given[partner] = given[partner], given[post]
    return [given[post] for post in range(len(contents))]
