"""Is a model right as often as it is confident? Expected calibration error (ECE).

Each bin contains equally many predictions, as Nixon et al. (2019) recommend. With bins of equal width (Guo
et al. 2017), the last bin would contain almost all words.
"""

from collections.abc import Iterator, Sequence
from math import pi, sqrt

import numpy as np

from mnerflow.data.tags import OUTSIDE, spans
from mnerflow.evaluation.predictions import Prediction

BINS = 15
STEPS = 10_000  # confidences are written with four decimal places
# What a confidence belongs to: any word, a word predicted to be in an entity, or a predicted entity.
UNITS = ("word", "entity_word", "entity")
LEVEL, COUNT, RIGHT = range(3)


def tally(predictions: Sequence[Prediction]) -> dict[str, np.ndarray]:
    """Count how often each confidence was given, and how often it was right: by unit, ``(levels, 3)``.

    Each row has a confidence level in ten-thousandths, the number of predictions at this level, and how many
    of them are right. Rows are sorted by level. A word is right if its tag is the gold tag, an entity if its
    boundaries and its type are. Words and entities without a confidence are left out. So are units for which
    no post has confidences.
    """
    given: dict[str, list[tuple[float, bool]]] = {unit: [] for unit in UNITS}
    for one in predictions:
        words = zip(one.labels, one.predicted, one.confidence or [None] * len(one.labels), strict=True)
        for label, predicted, sure in words:
            if sure is not None:
                given["word"].append((sure, predicted == label))
                if predicted != OUTSIDE:
                    given["entity_word"].append((sure, predicted == label))
        if one.entity_confidence is not None:
            gold = {*spans(one.labels)}
            found = zip(spans(one.predicted), one.entity_confidence, strict=True)
            given["entity"] += [(sure, span in gold) for span, sure in found]
    return {unit: _tally(*zip(*pairs, strict=True)) for unit, pairs in given.items() if pairs}


def _tally(confidence: Sequence[float], right: Sequence[bool]) -> np.ndarray:
    steps = np.rint(np.minimum(confidence, 1) * STEPS).astype(np.int64)  # bf16 may round a sum above 1
    levels, place = np.unique(steps, return_inverse=True)
    return np.stack([levels, np.bincount(place), np.bincount(place, right).astype(np.int64)], axis=1)


def merge_tallies(tallies: Sequence[np.ndarray]) -> np.ndarray:
    """Merge tallies into the tally of all their predictions."""
    rows = np.concatenate(tallies)
    levels, place = np.unique(rows[:, LEVEL], return_inverse=True)
    sums = [np.bincount(place, rows[:, column]).astype(np.int64) for column in (COUNT, RIGHT)]
    return np.stack([levels, *sums], axis=1)


def in_bins(tally: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a tally's rows in at most ``BINS`` bins of equally many predictions, by rising confidence.

    Predictions of one level stay in one bin, so the order of posts does not matter.
    """
    behind = np.cumsum(tally[:, COUNT])
    middle = behind - tally[:, COUNT] / 2
    place = (BINS * middle / behind[-1]).astype(int)
    yield from np.split(tally, np.flatnonzero(np.diff(place)) + 1)


def confidence(tally: np.ndarray) -> float:
    """The mean confidence."""
    return float(tally[:, LEVEL] @ tally[:, COUNT] / tally[:, COUNT].sum() / STEPS)


def accuracy(tally: np.ndarray) -> float:
    """The share of predictions that are right."""
    return float(tally[:, RIGHT].sum() / tally[:, COUNT].sum())


def calibration_error(tally: np.ndarray) -> float:
    """ECE: the mean gap between a bin's confidence and accuracy, weighted by its number of predictions."""
    total = tally[:, COUNT].sum()
    gaps = (abs(confidence(rows) - accuracy(rows)) * rows[:, COUNT].sum() for rows in in_bins(tally))
    return float(sum(gaps) / total)


def chance_error(tally: np.ndarray) -> float:
    """The expected ECE of a calibrated model with these confidences, by chance alone.

    In a bin, the number of right predictions minus the sum of the confidences c is about normal, with mean 0
    and variance ``Σ c (1 - c)``. The mean of its absolute value is ``sqrt(2 / π)`` standard deviations.
    """
    return sqrt(2 / pi) * sum(map(_deviation, in_bins(tally))) / float(tally[:, COUNT].sum())


def _deviation(rows: np.ndarray) -> float:
    share = rows[:, LEVEL] / STEPS
    return sqrt(rows[:, COUNT] @ (share * (1 - share)))
