"""The metrics, with one definition each, counted from predictions with numpy.

This module replaces seqeval, which is slow to import (1.5 s in every scoring job) and to count (0.7 s for the
test set of Twitter-2015, 0.02 s here). Seqeval also has no counts per sentence, which the statistics need.
The tests compare this module with seqeval, conlleval and scikit-learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnerflow.data.tags import OUTSIDE, entity_type
from mnerflow.errors import UserError, suggest
from mnerflow.evaluation.predictions import Prediction

TRUE_POSITIVE, PREDICTED, GOLD = range(3)
SENTENCE, TYPE, START, END = range(4)


@dataclass(frozen=True, slots=True)
class TypeScores:
    """Scores of one entity type; ``support`` is its number of gold entities."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of one set of predictions, as fractions 0..1; a ratio whose denominator is 0 is 0.

    ``entity_*`` are micro averages over entities, counted as in seqeval's default mode and conlleval (a stray
    ``I-`` starts an entity). ``entity_f1_strict`` counts as seqeval's strict IOB2 mode does.
    ``token_macro_f1`` weights all tags equally, including ``O``, with one prediction per word.
    ``subword_macro_f1`` is the same, with one prediction per subword, which has its word's tag. ``accuracy``
    is the share of words with the right tag.
    """

    entity_f1: float
    entity_precision: float
    entity_recall: float
    entity_f1_strict: float
    token_macro_f1: float
    subword_macro_f1: float
    accuracy: float
    sentences: int
    gold_entities: int
    per_type: dict[str, TypeScores]


def score(predictions: Sequence[Prediction], tags: Sequence[str]) -> Scores:
    """Score predictions in the scheme ``tags`` (``tag_list(entity_types)``).

    Raises ``UserError`` naming the post when a label or a predicted tag is not in the scheme.
    """
    sequences = Sequences(predictions, tags)
    counts = sequences.entity_counts().sum(axis=0)
    total = counts.sum(axis=0)
    precision, recall, f1 = precision_recall_f1(total)
    words, subwords = sequences.confusion(), sequences.confusion(by_subword=True)
    return Scores(
        entity_f1=f1,
        entity_precision=precision,
        entity_recall=recall,
        entity_f1_strict=precision_recall_f1(sequences.entity_counts(strict=True).sum(axis=(0, 1)))[2],
        token_macro_f1=macro_f1(words),
        subword_macro_f1=macro_f1(subwords),
        accuracy=_ratio(np.trace(words), words.sum()),
        sentences=len(predictions),
        gold_entities=int(total[GOLD]),
        per_type={
            kind: TypeScores(*precision_recall_f1(row), support=int(row[GOLD]))
            for kind, row in zip(sequences.types, counts, strict=True)
        },
    )


def precision_recall_f1(counts: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1 from ``[true positives, predicted, gold]``."""
    hits, predicted, gold = counts
    return _ratio(hits, predicted), _ratio(hits, gold), _ratio(2 * hits, predicted + gold)


def macro_f1(confusion: np.ndarray) -> float:
    """Mean F1 over the tags that occur in gold or prediction, from a ``(tags, tags)`` confusion matrix.

    A tag that occurs in only one of the two counts with F1 0. A tag that occurs in neither is left out. This
    is scikit-learn's ``f1_score(average="macro", zero_division=0)``.
    """
    occurrences = confusion.sum(axis=0) + confusion.sum(axis=1)
    present = occurrences > 0
    return float(np.mean(2 * confusion.diagonal()[present] / occurrences[present])) if present.any() else 0.0


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


class Sequences:
    """Gold and predicted tags of all sentences in one flat array, an ``O`` after every sentence.

    ``tags`` is the tagging scheme, and ``types`` are its entity types in order. Raises ``UserError`` naming
    the post when a label or a predicted tag is not in the scheme.
    """

    def __init__(self, predictions: Sequence[Prediction], tags: Sequence[str]) -> None:
        index = {tag: number for number, tag in enumerate(tags)}
        self.types = list(dict.fromkeys(entity_type(tag) for tag in tags if tag != OUTSIDE))
        self.tag_count = len(tags)
        kind_of = {kind: number for number, kind in enumerate(["", *self.types])}
        self._kind = np.array([kind_of[entity_type(tag)] for tag in tags])
        self._begins = np.array([tag.startswith("B-") for tag in tags])
        self._gold = self._flatten(predictions, "labels", index)
        self._predicted = self._flatten(predictions, "predicted", index)
        lengths = [len(prediction.tokens) + 1 for prediction in predictions]
        self._sentences = len(lengths)
        self._sentence = np.repeat(np.arange(self._sentences), lengths)
        self._begin = np.cumsum([0, *lengths], dtype=np.int64)
        subwords = [count for prediction in predictions for count in (*prediction.subwords, 0)]
        self._subwords = np.array(subwords, dtype=np.int64)
        self._words = np.ones(len(subwords), dtype=np.int64)
        self._words[self._begin[1:] - 1] = 0

    @staticmethod
    def _flatten(predictions: Sequence[Prediction], field: str, index: dict[str, int]) -> np.ndarray:
        outside = index[OUTSIDE]
        flat: list[int] = []
        for prediction in predictions:
            try:
                flat.extend(map(index.__getitem__, getattr(prediction, field)))
            except KeyError as error:
                tag = error.args[0]
                raise UserError(
                    f"post {prediction.id!r}: the tag {tag!r} in {field} is not one of {', '.join(index)}"
                    f"{suggest(tag, index)}. Mend the label or the data set's `types` or `map`."
                ) from error
            flat.append(outside)
        return np.array(flat, dtype=np.int64)

    def confusion(self, *, by_subword: bool = False) -> np.ndarray:
        """Number of words (or of their subwords) by gold and predicted tag, ``(tags, tags)``."""
        weights = self._subwords if by_subword else self._words
        cells = np.bincount(
            self._gold * self.tag_count + self._predicted, weights, minlength=self.tag_count**2
        )
        return cells.reshape(self.tag_count, self.tag_count).astype(np.int64)

    def entity_counts(self, *, strict: bool = False) -> np.ndarray:
        """True positives, predicted and gold entities of every sentence: ``(sentences, types, 3)``.

        ``strict`` counts only entities that a ``B-`` begins.
        """
        gold, predicted = (self._entities(tags, strict) for tags in (self._gold, self._predicted))
        return np.stack(
            [
                self._by_sentence((gold >= 0) & (gold == predicted), self._gold),
                self._by_sentence(predicted >= 0, self._predicted),
                self._by_sentence(gold >= 0, self._gold),
            ],
            axis=-1,
        )

    def spans(self) -> tuple[np.ndarray, np.ndarray]:
        """Gold and predicted entities, each ``(entities, 4)``: ``SENTENCE``, ``TYPE``, ``START`` and ``END``.

        ``TYPE`` is an index into ``types``. ``START`` is the first word, ``END`` the one after the last.
        """
        return self._spans(self._gold), self._spans(self._predicted)

    def _spans(self, tags: np.ndarray) -> np.ndarray:
        entities = self._entities(tags, strict=False)
        firsts = np.flatnonzero(entities >= 0)
        lasts, kinds = np.divmod(entities[firsts], len(self.types) + 1)
        begins = self._begin[self._sentence[firsts]]
        return np.stack([self._sentence[firsts], kinds - 1, firsts - begins, lasts - begins + 1], axis=-1)

    def _by_sentence(self, starts: np.ndarray, tags: np.ndarray) -> np.ndarray:
        cells = self._sentence[starts] * len(self.types) + self._kind[tags[starts]] - 1
        counted = np.bincount(cells, minlength=self._sentences * len(self.types))
        return counted.reshape(self._sentences, len(self.types))

    def _entities(self, tags: np.ndarray, strict: bool) -> np.ndarray:
        """At the first word of each entity, a number that encodes its last word and type; elsewhere -1."""
        kind, begins = self._kind[tags], self._begins[tags]
        continues = (kind > 0) & ~begins & (kind == np.roll(kind, 1))
        starts = np.flatnonzero((kind > 0) & ~continues)
        # The O after every sentence keeps entities from crossing its end or wrapping around the array.
        lasts = np.flatnonzero((kind > 0) & ~np.roll(continues, -1))
        entities = np.full(len(tags), -1)
        entities[starts] = lasts * (len(self.types) + 1) + kind[starts]
        if strict:
            entities[~begins] = -1
        return entities
