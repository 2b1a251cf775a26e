"""Is a model right as often as it is confident? Expected calibration error (ECE).

Each bin holds equally many predictions, as Nixon et al. (2019) recommend. Of bins of equal width (Guo et al.
2017) the last one would hold almost all words.
"""

from collections.abc import Iterator, Sequence
from math import pi, sqrt

import numpy as np

from mnerflow.data.tags import OUTSIDE, spans
from mnerflow.evaluation.predictions import Prediction

BINS = 15
STEPS = 10_000  # confidence is written with four places
# What a confidence is of: any word, a word that is predicted to be in an entity, a predicted entity.
UNITS = ("word", "entity_word", "entity")
LEVEL, COUNT, RIGHT = range(3)


def tally(predictions: Sequence[Prediction]) -> dict[str, np.ndarray]:
    """How often each confidence was given, and how often rightly: by unit, ``(levels, 3)``.

    A row is a level in ten-thousandths, how many predictions have it, and how many of these are right; rows
    are sorted by level. A word is right with its gold tag, an entity with both boundaries and type. Units
    that no post has a confidence of are left out; so are words and entities without one.
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


def pooled(tallies: Sequence[np.ndarray]) -> np.ndarray:
    """The tally of all predictions together."""
    rows = np.concatenate(tallies)
    levels, place = np.unique(rows[:, LEVEL], return_inverse=True)
    sums = [np.bincount(place, rows[:, column]).astype(np.int64) for column in (COUNT, RIGHT)]
    return np.stack([levels, *sums], axis=1)


def in_bins(tally: np.ndarray) -> Iterator[np.ndarray]:
    """The tally's rows in at most ``BINS`` bins of equally many predictions, from low confidence to high.

    Predictions of one level are not parted: so the order of posts does not matter.
    """
    behind = np.cumsum(tally[:, COUNT])
    middle = behind - tally[:, COUNT] / 2
    place = np.minimum((BINS * middle / behind[-1]).astype(int), BINS - 1)
    yield from np.split(tally, np.flatnonzero(np.diff(place)) + 1)


def confidence(tally: np.ndarray) -> float:
    """The mean confidence."""
    return float(tally[:, LEVEL] @ tally[:, COUNT] / tally[:, COUNT].sum() / STEPS)


def accuracy(tally: np.ndarray) -> float:
    """The share of predictions that are right."""
    return float(tally[:, RIGHT].sum() / tally[:, COUNT].sum())


def calibration_error(tally: np.ndarray) -> float:
    """ECE: how far confidence is from accuracy in a bin, a mean over bins by their predictions."""
    total = tally[:, COUNT].sum()
    gaps = (abs(confidence(rows) - accuracy(rows)) * rows[:, COUNT].sum() for rows in in_bins(tally))
    return float(sum(gaps) / total)


def chance_error(tally: np.ndarray) -> float:
    """The ECE to be expected of a calibrated model with these confidences, by chance alone.

    In a bin, right ones minus the sum of confidences c is about normal, with mean 0 and variance
    ``Σ c (1 - c)``; of its absolute value the mean is ``sqrt(2 / π)`` standard deviations.
    """
    return sqrt(2 / pi) * sum(map(_deviation, in_bins(tally))) / float(tally[:, COUNT].sum())


def _deviation(rows: np.ndarray) -> float:
    share = rows[:, LEVEL] / STEPS
    return sqrt(rows[:, COUNT] @ (share * (1 - share)))
