"""Conditions that a run reads its posts under: all sources true, or one of them shuffled or blank."""

import random
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from mnerflow.errors import UserError, suggest

IMAGE = "image"
CHANGES = ("shuffled", "blank")


@dataclass(frozen=True, order=True, slots=True)
class Condition:
    """A source and how it is changed; both are empty if all sources are true.

    ``source`` is ``image`` or the name of a context. ``shuffled`` gives every post another post's source.
    ``blank`` gives it a grey image in place of each image, or no text.
    """

    source: str = ""
    change: str = ""

    @classmethod
    def named(cls, name: str) -> Self:
        """Parse the name of a condition; raises ``UserError`` for an invalid one."""
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
        """The name of the condition, such as ``"true"`` or ``"image.shuffled"``."""
        return f"{self.source}.{self.change}" if self.source else "true"


TRUE = Condition()


def conditions_of(sources: Sequence[str]) -> dict[str, list[Condition]]:
    """The conditions, in order and by split, under which a run that reads ``sources`` is predicted."""
    return {"dev": [TRUE], "test": sorted([TRUE, *changes_of(sources)])}


def changes_of(sources: Iterable[str]) -> list[Condition]:
    """The conditions in which one of the sources is changed."""
    return [Condition(source, change) for source in sources for change in CHANGES]


def meet(one: frozenset[Hashable], other: frozenset[Hashable]) -> bool:
    """Whether two posts have the same images or text, or albums that share an image."""
    return one == other or bool(one & other)


def shuffled(contents: Sequence[frozenset[Hashable]], seed: int) -> list[int]:
    """Assign every post the source of another post; returns the index of that post for each.

    The order is random, and no post is given content that meets its own, see ``meet``. If more than half of
    all are equal, as few as possible keep their own.

    Args:
        contents: images or text of each post.
        seed: seed of the random order.
    """
    order = list(range(len(contents)))
    random.Random(seed).shuffle(order)
    given = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    for same in dict.fromkeys(contents[post] for post in order if contents[post] == contents[given[post]]):
        keeping = [post for post in order if contents[post] == same == contents[given[post]]]
        # Posts that neither have this content nor were given it: an exchange with one of them repairs both.
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
