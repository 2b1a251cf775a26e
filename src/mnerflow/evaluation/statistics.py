"""Significance tests besides those in ``evaluation.seeds``, and what all tests have in common.

``counts`` are ``(runs, sentences, 3)``: true positives, predicted and gold entities; the runs of one system
differ in their seed. All random draws have fixed seeds, so the same input gives the same numbers.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from mnerflow.evaluation.metrics import GOLD, PREDICTED, TRUE_POSITIVE

TRIALS = 10_000
SIGNIFICANCE = 0.05
CONFIDENCE = 1 - SIGNIFICANCE
POWER = 0.8
# Fewest gold entities for a verdict on a part of a test split. Two models of the study differ on 5 to 8 % of
# them. In a smaller part, fewer than about five entities would decide, too few for Student's t.
LEAST = 100
ORDER_SEEDS = 5  # with three, one of two equal systems seems almost stochastically larger in a fifth of cases
_CHUNK = 100  # trials at a time, so that their draws stay in the processor's cache


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 from counts ``(…, 3)``: twice the hits over predicted plus gold; 0 where there is neither."""
    whole = counts[..., PREDICTED] + counts[..., GOLD]
    return np.divide(2 * counts[..., TRUE_POSITIVE], whole, out=np.zeros(whole.shape), where=whole > 0)


def approximate_randomization(first: np.ndarray, second: np.ndarray, trials: int = TRIALS) -> float:
    """p-value of the hypothesis that two systems are interchangeable, two-sided, paired over sentences.

    In each trial, a coin toss per sentence decides whether the systems swap their outputs, all seeds
    together. The statistic is the difference of F1 over the counts of all seeds (Noreen 1989; Yeh 2000). The
    test is about the trained models at hand, and says nothing about other seeds.
    """
    # Multiplied by the other's number of seeds, the sums over seeds are comparable, and whole numbers.
    pair = np.stack([first.sum(axis=0) * len(second), second.sum(axis=0) * len(first)])
    total, swap = pair.sum(axis=1), (pair[1] - pair[0]).astype(np.float32)
    observed = abs(np.subtract(*f1(total)))
    sentences = len(swap)
    rng = np.random.default_rng(0)
    done = as_large = 0
    while done < trials:
        size = min(_CHUNK, trials - done)
        bits = np.frombuffer(rng.bytes(size * (sentences // 8 + 1)), np.uint8).reshape(size, -1)
        moved = np.unpackbits(bits, axis=1, count=sentences).astype(np.float32) @ swap
        differences = f1(total[0] + moved) - f1(total[1] - moved)
        as_large += int(np.count_nonzero(np.abs(differences) >= observed - 1e-12))
        done += size
    return (as_large + 1) / (done + 1)


def almost_stochastic_order(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Upper 95 % bound of how far ``first`` is from being stochastically larger than ``second``, in 0..1.

    At 0, every quantile of ``first`` (the scores of one system's seeds) is larger. Below 0.5, ``first`` is
    almost stochastically larger (Dror, Shlomov and Reichart 2019 after del Barrio, Cuesta-Albertos and Matrán
    2018). Scores that are all equal give 0.5. Fewer than ``ORDER_SEEDS`` scores on either side are too few,
    and give ``None``. The package deepsig does the same, but its licence is the GPL.
    """
    if min(len(first), len(second)) < ORDER_SEEDS:
        return None
    samples = [np.sort(np.asarray(scores, float)) for scores in (first, second)]
    ratio = violation(*(sample[None] for sample in samples))[0]
    rng = np.random.default_rng(0)
    draws = [np.sort(rng.choice(sample, (1_000, len(sample)))) for sample in samples]
    deviation = float(np.std(violation(*draws)))
    return float(np.clip(ratio + NormalDist().inv_cdf(CONFIDENCE) * deviation, 0, 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for the size of the family (Holm 1979), in the order given."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def violation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Share of the squared Wasserstein distance where ``first`` is smaller; each row is a sorted sample.

    Both quantile functions are step functions; between neighbouring steps of either, their difference is
    constant.
    """
    sizes = first.shape[1], second.shape[1]
    steps = np.unique(np.concatenate([np.arange(size + 1) / size for size in sizes]))
    middles, widths = (steps[:-1] + steps[1:]) / 2, np.diff(steps)
    quantiles = (s[:, (middles * size).astype(int)] for s, size in zip((first, second), sizes, strict=True))
    difference = np.subtract(*quantiles)
    squared = difference**2 * widths
    whole = squared.sum(axis=1)
    violated = np.where(difference < 0, squared, 0).sum(axis=1)
    return np.divide(violated, whole, out=np.full(whole.shape, 0.5), where=whole > 0)
