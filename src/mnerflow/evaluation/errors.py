"""The kind of error of each wrong entity, and what a fusion fixes or breaks compared with its baseline.

Each gold entity is paired with the predicted entity that overlaps it most; an entity is in at most one pair.
A pair is right, or one of these:

- ``wrong_type``: the same words, another type;
- ``wrong_boundary``: the same type, other words;
- ``both``: other words and another type.

An unpaired gold entity is compared in the same way with the prediction that overlaps it most. It is
``missed`` if there is none. An unpaired prediction is ``surplus`` if it overlaps a gold entity, as a piece of
it or a second try, and otherwise ``spurious``.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from mnerflow.conditions import TRUE
from mnerflow.data.tags import Entity
from mnerflow.evaluation.background import Background
from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.metrics import END, SENTENCE, START, TYPE

KINDS = ("missed", "spurious", "wrong_type", "wrong_boundary", "both", "surplus")
WITHOUT_GOLD = ("spurious", "surplus")
LONGEST = 3  # words; longer entities are counted together with these
GROUPINGS = ("type", "words", "in training", "image")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A gold entity and its prediction, or an unpaired prediction; ``kind``: ``correct`` or of ``KINDS``."""

    kind: str
    gold: Entity | None
    predicted: Entity | None

    @property
    def entity(self) -> Entity:
        """The gold entity, or the predicted one if there is no gold entity."""
        entity = self.gold or self.predicted
        assert entity is not None  # an outcome has one of the two
        return entity


def outcomes(gold: Sequence[Entity], predicted: Sequence[Entity]) -> Iterator[Outcome]:
    """Yield the outcome of every gold entity, in order, then those of the unpaired predictions."""
    pairs = _overlapping(gold, predicted)
    partners: dict[Entity, Entity] = {}
    for one, other in pairs:
        if one not in partners and other not in partners.values():
            partners[one] = other
    paired = set(partners.values())
    for one, other in pairs:
        partners.setdefault(one, other)
    for entity in gold:
        yield Outcome(_kind(entity, partners.get(entity)), entity, partners.get(entity))
    touching = {other for _, other in pairs}
    for entity in predicted:
        if entity not in paired:
            yield Outcome("surplus" if entity in touching else "spurious", None, entity)


Groups = tuple[str | None, ...]  # an entity's value in each of ``GROUPINGS``, if known
Errors = Mapping[tuple[str, str], Mapping[str, int]]  # by grouping and group, then by kind


def count_errors(counts: Counts, groups_of: Callable[[int, str, int, int], Groups]) -> Errors:
    """Number of outcomes of each kind (``correct`` and ``KINDS``), by grouping and group and in total.

    ``groups_of`` is the ``grouping`` of the same test split.
    """
    gold, predicted = _rows(counts.gold), _rows(counts.predicted[TRUE.name])
    # A correct entity overlaps no other, so only the rest needs to be compared.
    right = (groups_of(post, counts.types[of_type], *words) for post, of_type, *words in gold & predicted)
    number = Counter((groups, "correct") for groups in right)
    wrong: dict[int, tuple[list[Entity], list[Entity]]] = defaultdict(lambda: ([], []))
    for side, rest in enumerate((gold - predicted, predicted - gold)):
        for post, of_type, *words in rest:
            wrong[post][side].append(Entity(counts.types[of_type], *words))
    for post, sides in wrong.items():
        for outcome in outcomes(*sides):
            number[groups_of(post, *outcome.entity), outcome.kind] += 1
    counted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (groups, kind), times in number.items():
        counted["all", "all"][kind] += times
        for by, group in zip(GROUPINGS, groups, strict=True):
            if group is not None:
                counted[by, group][kind] += times
    return counted


def grouping(background: Background) -> Callable[[int, str, int, int], Groups]:
    """A function that gives an entity's groups from its post's index, its type, ``start`` and ``end``.

    It caches the groups, since all runs of a test split have most of their entities in common.
    """

    @cache
    def groups_of(place: int, entity_type: str, start: int, end: int) -> Groups:
        post, length = background.posts[place], end - start
        return (
            entity_type,
            str(length) if length < LONGEST else f"{LONGEST} or more",
            background.in_training(post.tokens[start:end]),
            background.images[place] if background.images is not None else None,
        )

    return groups_of


class Change(NamedTuple):
    """An entity on which a run and its baseline disagree; ``post`` is the post's index in the test split.

    ``what`` is ``fixed`` (a gold entity that only the run finds), ``broken`` (that only the baseline finds),
    ``removed`` (a wrong prediction that only the baseline makes) or ``added`` (that only the run makes).
    """

    what: str
    post: int
    entity: Entity


def changes(baseline: Counts, changed: Counts) -> Iterator[Change]:
    """Yield the changes from a baseline's predictions to a run's, in the order of posts and words."""
    gold, first, second = (
        _rows(entities)
        for entities in (baseline.gold, baseline.predicted[TRUE.name], changed.predicted[TRUE.name])
    )
    for row in sorted(first ^ second, key=itemgetter(SENTENCE, START, END, TYPE)):
        if row in gold:
            what = "fixed" if row in second else "broken"
        else:
            what = "added" if row in second else "removed"
        post, of_type, *words = row
        yield Change(what, post, Entity(baseline.types[of_type], *words))


def gold_by_post(counts: Counts) -> list[tuple[Entity, ...]]:
    """The gold entities of each post of a test split, in order."""
    return _by_post(counts.gold, counts)


def predicted_by_post(counts: Counts) -> list[tuple[Entity, ...]]:
    """The entities that a run predicts in each post with all sources true, in order."""
    return _by_post(counts.predicted[TRUE.name], counts)


def _by_post(entities: np.ndarray, counts: Counts) -> list[tuple[Entity, ...]]:
    found: list[list[Entity]] = [[] for _ in counts.plain]
    for post, of_type, *words in entities.tolist():
        found[post].append(Entity(counts.types[of_type], *words))
    return [*map(tuple, found)]


def predicted_in(post: int, counts: Counts) -> list[Entity]:
    """The entities that a run predicts in a post with all sources true."""
    predicted = counts.predicted[TRUE.name]
    first, last = np.searchsorted(predicted[:, SENTENCE], [post, post + 1])
    return [Entity(counts.types[of_type], *words) for _, of_type, *words in predicted[first:last].tolist()]


def _rows(entities: np.ndarray) -> set[tuple[int, ...]]:
    return {*map(tuple, entities.tolist())}


def _overlapping(gold: Sequence[Entity], predicted: Sequence[Entity]) -> list[tuple[Entity, Entity]]:
    """Overlapping pairs, largest overlap first; ties go to the same type, then to the earlier words."""
    overlaps = [
        (min(one.end, other.end) - max(one.start, other.start), one.type == other.type, one, other)
        for one in gold
        for other in predicted
        if one.start < other.end and other.start < one.end
    ]
    overlaps.sort(key=lambda pair: (-pair[0], not pair[1], pair[2].start, pair[3].start))
    return [(one, other) for *_, one, other in overlaps]


def _kind(gold: Entity, predicted: Entity | None) -> str:
    if predicted is None:
        return "missed"
    same_type, same_words = gold.type == predicted.type, gold[1:] == predicted[1:]
    if same_words:
        return "correct" if same_type else "wrong_type"
    return "wrong_boundary" if same_type else "both"
