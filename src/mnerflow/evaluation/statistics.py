"""How sure a score or a difference is, from counts of entities per sentence.

``counts`` are ``(runs, sentences, 3)``: true positives, predicted and gold entities; the runs of one system
differ in their seed. All draws come from explicit seeds, so that the same input gives the same numbers.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from mnerflow.evaluation.metrics import GOLD, PREDICTED, TRUE_POSITIVE

RESAMPLES = 10_000
SIGNIFICANCE = 0.05
CONFIDENCE = 1 - SIGNIFICANCE
POWER = 0.8
_CHUNK = 100  # resamples at a time: their draws stay in the processor's cache


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 from counts ``(…, 3)``: twice the hits over predicted and gold; 0 where there is neither."""
    whole = counts[..., PREDICTED] + counts[..., GOLD]
    return np.divide(2 * counts[..., TRUE_POSITIVE], whole, out=np.zeros(whole.shape), where=whole > 0)


def resampled_f1(counts: np.ndarray, resamples: int = RESAMPLES) -> np.ndarray:
    """F1 of every run on sentences drawn with replacement, ``(resamples, runs)``.

    All runs see the same sentences in a resample, so that columns may be subtracted from each other (Efron
    and Tibshirani 1993; Berg-Kirkpatrick, Burkett and Klein 2012).
    """
    runs, sentences, _ = counts.shape
    table = _by_sentence(counts)
    rng = np.random.default_rng(0)
    scores = np.empty((resamples, runs))
    for start in range(0, resamples, _CHUNK):
        size = min(_CHUNK, resamples - start)
        drawn = rng.integers(sentences, size=(size, sentences)) + sentences * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * sentences).reshape(size, sentences)
        scores[start : start + size] = f1((times.astype(np.float32) @ table).reshape(size, runs, 3))
    return scores


def resampled_mean(scores: np.ndarray) -> np.ndarray:
    """Mean over seeds drawn with replacement in each resample, ``(resamples, seeds)`` to ``(resamples,)``."""
    return _draw_seeds(scores, np.random.default_rng([0, 1]))


def resampled_difference(first: np.ndarray, second: np.ndarray, *, same_weights: bool = False) -> np.ndarray:
    """Difference of two systems' means in each resample, ``(resamples, seeds)`` each to ``(resamples,)``.

    Seeds are drawn for each system by itself, or together where both scores come from the ``same_weights``
    (true and shuffled image). The seeds' share of the variance is underestimated by ``1 / seeds`` of it.
    """
    rng = np.random.default_rng([0, 2])
    if same_weights:
        return _draw_seeds(first - second, rng)
    return _draw_seeds(first, rng) - _draw_seeds(second, rng)


def bootstrap_interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile interval of resampled ``values`` ``(resamples,)``."""
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def smallest_detectable_difference(differences: np.ndarray) -> float:
    """The difference that a two-sided test at ``SIGNIFICANCE`` would have shown with probability ``POWER``.

    ``z(1 - SIGNIFICANCE / 2) + z(POWER)`` standard errors (Cohen 1988; Card et al. 2020), the error being
    that of the resampled ``differences``.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - SIGNIFICANCE / 2) + normal.inv_cdf(POWER)) * float(np.std(differences, ddof=1))


def approximate_randomization(
    first: np.ndarray, second: np.ndarray, trials: int = RESAMPLES, most: int = 0
) -> float:
    """p-value of the hypothesis that two systems are interchangeable, two-sided, paired over sentences.

    Each trial swaps the systems' outputs on every sentence by the toss of a coin, all seeds of a sentence
    together; the statistic is the difference of F1 over the counts of all seeds (Noreen 1989; Yeh 2000). It
    is about the trained models at hand; ``almost_stochastic_order`` asks whether other seeds would differ.
    While no trial was as large as what is tested, there are up to ``most`` instead of ``trials``, so that p
    can become as small as a correction for many comparisons asks.
    """
    # Each system's sum over seeds, times the other's number of seeds: comparable, and still whole numbers.
    pair = np.stack([first.sum(axis=0) * len(second), second.sum(axis=0) * len(first)])
    total, swap = pair.sum(axis=1), (pair[1] - pair[0]).astype(np.float32)
    observed = abs(np.subtract(*f1(total)))
    sentences = len(swap)
    rng = np.random.default_rng(0)
    done = as_large = 0
    while done < trials or (done < most and not as_large):
        size = min(_CHUNK, max(trials, most) - done)
        bits = np.frombuffer(rng.bytes(size * (sentences // 8 + 1)), np.uint8).reshape(size, -1)
        moved = np.unpackbits(bits, axis=1, count=sentences).astype(np.float32) @ swap
        differences = f1(total[0] + moved) - f1(total[1] - moved)
        as_large += int(np.count_nonzero(np.abs(differences) >= observed - 1e-12))
        done += size
    return (as_large + 1) / (done + 1)


def almost_stochastic_order(first: Sequence[float], second: Sequence[float]) -> float:
    """Upper 95 % bound of how far ``first`` is from being stochastically larger than ``second``, in 0..1.

    0: every quantile of ``first`` (the scores of one system's seeds) is larger; below 0.5: ``first`` is
    almost stochastically larger (Dror, Shlomov and Reichart 2019 after del Barrio,
    Cuesta-Albertos and Matrán 2018). Scores that are all alike give 0.5. The package deepsig does the same,
    but is under the GPL.
    """
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


def _by_sentence(counts: np.ndarray) -> np.ndarray:
    """``(runs, sentences, 3)`` as ``(sentences, runs * 3)``; float32 is exact for integers below 2**24."""
    return counts.transpose(1, 0, 2).reshape(counts.shape[1], -1).astype(np.float32)


def _draw_seeds(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.integers(scores.shape[1], size=scores.shape)
    return np.take_along_axis(scores, drawn, axis=1).mean(axis=1)


def violation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Share of the squared Wasserstein distance where ``first`` is smaller; sorted samples, one a row.

    Both quantile functions are stairs; between neighbouring steps of either, their difference is constant.
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
