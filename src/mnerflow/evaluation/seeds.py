"""Means over seeds, their differences and drops: what other test sentences and other seeds would change.

A mean has two sources of variance. That of the sentences, with the trained models as they are, is found by
linearisation. That of the seeds is pooled over the systems of a data set, so that it is known for a system
with a single seed, too. docs/metrics.md derives the formulas and compares them with the bootstrap.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Self

import numpy as np
from scipy.special import stdtr, stdtrit

from mnerflow.evaluation.metrics import GOLD, PREDICTED, TRUE_POSITIVE
from mnerflow.evaluation.statistics import CONFIDENCE, SIGNIFICANCE, f1

MARGIN = 0.005  # entity F1: what counts as no difference


@dataclass(frozen=True)
class Seeds:
    """A score of each seed of a system, and how much each test sentence adds to it.

    ``scores`` are ``(seeds,)``: F1, or its drop. ``influence`` is ``(seeds, sentences)`` and sums to 0 over
    sentences: to first order, a score changes by it when the sentence occurs once more (Efron and Tibshirani
    1993, chapter 21).
    """

    scores: np.ndarray
    influence: np.ndarray

    @classmethod
    def of(cls, counts: np.ndarray) -> Self:
        """Entity F1 of counts ``(seeds, sentences, 3)``: true positives, predicted and gold entities."""
        scores = f1(counts.sum(axis=1))
        whole = counts[..., PREDICTED] + counts[..., GOLD]
        residuals = 2 * counts[..., TRUE_POSITIVE] - scores[:, None] * whole
        return cls(scores, residuals / np.maximum(whole.sum(axis=1), 1)[:, None])

    def __sub__(self, other: Self) -> "Seeds":
        """The drop of each seed, when ``other`` are the same weights on wrong sources, seed by seed."""
        return Seeds(self.scores - other.scores, self.influence - other.influence)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def mean(self) -> float:
        """The mean score over seeds."""
        return float(self.scores.mean())

    @cached_property
    def between(self) -> float:
        """Sample variance of the scores over seeds (two at least), all measured on the same sentences."""
        return float(self.scores.var(ddof=1))

    @cached_property
    def interaction(self) -> float:
        """Part of ``between`` that comes of seeds differing in which of these sentences they get right.

        On another test set of this size they would differ elsewhere. Wants two seeds at least.
        """
        own = self.influence - self.influence.mean(axis=0)
        return float(sentence_variance(own).sum()) / (len(self) - 1)


@dataclass(frozen=True, slots=True)
class SeedVariance:
    """Variance between the seeds of one system, pooled over several: ``between`` and ``interaction`` as in
    ``Seeds``, ``df`` the degrees of freedom of the first."""

    between: float
    interaction: float
    df: int

    @classmethod
    def pooled(cls, systems: Collection[Seeds]) -> Self | None:
        """Of the systems with two seeds or more, by their degrees of freedom; ``None`` without any."""
        several = [system for system in systems if len(system) > 1]
        weights = [len(system) - 1 for system in several]
        if not several:
            return None
        return cls(
            float(np.average([system.between for system in several], weights=weights)),
            float(np.average([system.interaction for system in several], weights=weights)),
            sum(weights),
        )

    @property
    def main(self) -> float:
        """Variance of a seed's score on infinitely many sentences, at least 0."""
        return max(0.0, self.between - self.interaction)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A difference or drop of mean scores: its standard error and degrees of freedom of Student's t."""

    value: float
    error: float
    df: float

    @property
    def p(self) -> float:
        """Two-sided p of the hypothesis that there is no difference; 1 where nothing differs at all."""
        return 2 * self._below(-abs(self.value))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Interval that holds the true value with ``confidence``."""
        reach = self.error * float(stdtrit(self.df, (1 + confidence) / 2))
        return self.value - reach, self.value + reach

    def equivalence_p(self, margin: float = MARGIN) -> float:
        """p of the hypothesis that the true value is ``margin`` or more away from 0.

        The larger p of two one-sided tests (Schuirmann 1987).
        """
        return self._below(abs(self.value) - margin)

    @property
    def smallest_margin(self) -> float:
        """Smallest margin for which ``equivalence_p`` is at most ``SIGNIFICANCE``.

        The far end of the 90 % interval: both one-sided tests reject exactly when it lies within the margin.
        """
        return max(map(abs, self.interval(1 - 2 * SIGNIFICANCE)))

    def _below(self, value: float) -> float:
        """Probability that an estimate of 0 with this error is less than ``value``."""
        if not self.error:
            return 0.5 if value == 0 else float(value > 0)
        return float(stdtr(self.df, value / self.error))


def sentence_variance(influence: np.ndarray) -> np.ndarray:
    """Variance over test sets of scores with this influence ``(…, sentences)``, the trained models fixed.

    The delta method, which agrees with the bootstrap over sentences and needs no draws.
    """
    sentences = influence.shape[-1]
    return (influence**2).sum(axis=-1) * sentences / max(sentences - 1, 1)


def differences(
    systems: Mapping[Hashable, Seeds], pairs: Sequence[tuple[Hashable, Hashable]]
) -> list[Estimate | None]:
    """First minus second of each pair of systems, whose seeds were trained independently.

    ``systems`` are all systems of a data set that the seeds' variance is pooled over, on the same sentences;
    each takes part with all of its seeds. ``None`` where none of them has two seeds.
    """
    variance = SeedVariance.pooled(systems.values())
    return [variance and _estimate([systems[first], systems[second]], variance) for first, second in pairs]


def means(systems: Mapping[Hashable, Seeds]) -> dict[Hashable, Estimate | None]:
    """The mean score, or drop, of each system of a data set; ``None`` where none of them has two seeds."""
    variance = SeedVariance.pooled(systems.values())
    return {name: variance and _estimate([system], variance) for name, system in systems.items()}


def _estimate(sides: Sequence[Seeds], variance: SeedVariance) -> Estimate:
    """The mean of a single side, or the first side's minus the second's.

    Degrees of freedom as by Satterthwaite (1946), at least 1: of two independent mean squares, that of
    sentences and that between seeds. The interaction is taken as known: it is a mean over all sentences.
    """
    signs = (1, -1)
    value = sum(sign * side.mean for sign, side in zip(signs, sides, strict=False))
    influence = sum(sign * side.influence.mean(axis=0) for sign, side in zip(signs, sides, strict=False))
    sentences = float(sentence_variance(influence))
    share = sum(1 / len(side) for side in sides)
    square = sentences + share * variance.main
    uncertainty = sentences**2 / max(len(influence) - 1, 1) + (share * variance.between) ** 2 / variance.df
    freedom = square**2 / uncertainty if uncertainty else variance.df
    return Estimate(value, sqrt(square), max(1.0, freedom))
