"""What kind of error each wrong entity is, and what a fusion mends or breaks beside its baseline.

A gold entity is paired with the predicted entity that overlaps it most, each at most once. The pair is
right or

- ``wrong_type``: the same words, another type;
- ``wrong_boundary``: the same type, other words;
- ``both``: other words and another type.

A gold entity that is left over is compared in the same way with the prediction that overlaps it most; it
is ``missed`` where none does. A prediction that is left over is ``surplus`` where it overlaps a gold entity,
a piece of one or a second try, else ``spurious``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mnerflow.data.tags import spans
from mnerflow.evaluation.background import Background
from mnerflow.evaluation.predictions import Prediction

KINDS = ("missed", "spurious", "wrong_type", "wrong_boundary", "both", "surplus")
WITHOUT_GOLD = ("spurious", "surplus")
LONGEST = 3  # words; longer entities are counted with these
GROUPINGS = ("type", "words", "in training", "image")


class Entity(NamedTuple):
    """An entity of ``type`` over the words ``start`` to ``end``, exclusive."""

    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A gold entity and what became of it, or a prediction left over; ``kind`` is ``correct`` or an error."""

    kind: str
    gold: Entity | None
    predicted: Entity | None

    @property
    def entity(self) -> Entity:
        """The gold entity; the predicted one where there is none."""
        entity = self.gold or self.predicted
        assert entity is not None  # an outcome has one of the two
        return entity


@lru_cache(maxsize=2**16)  # all runs of a data set have the same labels, and most of their tags
def entities(tags: tuple[str, ...]) -> tuple[Entity, ...]:
    """The entities of a tag sequence, in order."""
    return tuple(Entity(*span) for span in spans(tags))


def entities_of(prediction: Prediction) -> tuple[tuple[Entity, ...], tuple[Entity, ...]]:
    """Its gold and its predicted entities, each in order."""
    return entities(tuple(prediction.labels)), entities(tuple(prediction.predicted))


def outcomes(gold: Sequence[Entity], predicted: Sequence[Entity]) -> Iterator[Outcome]:
    """Yield what became of every gold entity, in order, then the predictions that are left over."""
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


def count_errors(
    predictions: Iterable[Prediction], background: Background
) -> dict[tuple[str, str], dict[str, int]]:
    """Number of outcomes of each kind (``correct`` and ``KINDS``) by grouping and group, and in all."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for prediction in predictions:
        for outcome in outcomes(*entities_of(prediction)):
            for group in [("all", "all"), *_groups(prediction, outcome, background).items()]:
                row = counts.setdefault(group, dict.fromkeys(("correct", *KINDS), 0))
                row[outcome.kind] += 1
    return counts


class Change(NamedTuple):
    """An entity that a run and its baseline do not agree on.

    ``what`` is ``fixed`` (a gold entity that only the run finds), ``broken`` (only the baseline), ``removed``
    (a wrong prediction that only the baseline makes) or ``added`` (only the run).
    """

    what: str
    entity: Entity


def changes(baseline: Prediction, changed: Prediction) -> Iterator[Change]:
    """Yield what a run's prediction of a post changes beside its baseline's, in the order of the words."""
    gold, first, second = (
        set(entities(tuple(tags))) for tags in (baseline.labels, baseline.predicted, changed.predicted)
    )
    for entity in sorted(first ^ second, key=lambda entity: (entity.start, entity.end, entity.type)):
        if entity in gold:
            yield Change("fixed" if entity in second else "broken", entity)
        else:
            yield Change("added" if entity in second else "removed", entity)


def _groups(prediction: Prediction, outcome: Outcome, background: Background) -> dict[str, str]:
    """Where an outcome is counted: its value in each of ``GROUPINGS``."""
    entity_type, start, end = outcome.entity
    length = end - start
    return {
        "type": entity_type,
        "words": str(length) if length < LONGEST else f"{LONGEST} or more",
        "in training": background.in_training(prediction.tokens[start:end]),
        "image": background.image(prediction.id),
    }


def _overlapping(gold: Sequence[Entity], predicted: Sequence[Entity]) -> list[tuple[Entity, Entity]]:
    """Pairs that overlap, the largest first, among equals the same type and then the earlier words."""
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
