"""Means over seeds, their differences and drops: what other test sentences and other seeds would change.

A mean has two sources of variance. That of the sentences, with the trained models as they are, is found by
linearisation. That of the seeds is pooled over the systems of a data set, so that it is known for a system
with a single seed, too. docs/metrics.md derives the formulas and compares them with the bootstrap.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf, sqrt
from typing import Self

import numpy as np
from scipy.special import stdtr, stdtrit

from mnerflow.conditions import TRUE
from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.metrics import GOLD, PREDICTED, TRUE_POSITIVE
from mnerflow.evaluation.statistics import CONFIDENCE, POWER, SIGNIFICANCE, f1
from mnerflow.plan.names import NONE, Combination, Run


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
        """The drop of each seed, when ``other`` is the same trained model on wrong sources, seed by seed."""
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
        deviations = self.influence - self.influence.mean(axis=0)
        return float(sentence_variance(deviations).sum()) / (len(self) - 1)


@dataclass(frozen=True, slots=True)
class SeedVariance:
    """Variance between the seeds of one system, pooled over several: ``between`` and ``interaction`` as in
    ``Seeds``, ``df`` the degrees of freedom of the first. Infinite where no system has two seeds.
    """

    between: float
    interaction: float
    df: int

    @classmethod
    def pooled(cls, systems: Iterable[Seeds]) -> Self:
        """Of the systems with two seeds or more, by their degrees of freedom."""
        several = [system for system in systems if len(system) > 1]
        weights = [len(system) - 1 for system in several]
        if not several:
            return cls(inf, 0.0, 1)
        return cls(
            float(np.average([system.between for system in several], weights=weights)),
            float(np.average([system.interaction for system in several], weights=weights)),
            sum(weights),
        )

    @property
    def main(self) -> float:
        """Variance of a seed's score on infinitely many sentences, at least 0."""
        return max(0.0, self.between - self.interaction)

    def mean(self, system: Seeds) -> "Estimate":
        """The mean score, or drop, of a system."""
        return self._estimate(system.mean, system.influence.mean(axis=0), 1 / len(system))

    def difference(self, first: Seeds, second: Seeds) -> "Estimate":
        """First minus second of two systems, whose seeds were trained independently, on the same sentences.

        Each takes part with all of its seeds.
        """
        return self._estimate(
            first.mean - second.mean,
            first.influence.mean(axis=0) - second.influence.mean(axis=0),
            1 / len(first) + 1 / len(second),
        )

    def _estimate(self, value: float, influence: np.ndarray, share: float) -> "Estimate":
        """Of a mean that holds ``share`` of the variance of one seed.

        Degrees of freedom as by Satterthwaite (1946), at least 1: of two independent mean squares, that of
        sentences and that between seeds. The interaction is taken as known: it is a mean over all sentences.
        """
        if self.between == inf:
            return Estimate(value, inf, 1.0)
        sentences = float(sentence_variance(influence))
        square = sentences + share * self.main
        uncertainty = sentences**2 / max(len(influence) - 1, 1) + (share * self.between) ** 2 / self.df
        freedom = square**2 / uncertainty if uncertainty else self.df
        return Estimate(value, sqrt(square), max(1.0, freedom))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, difference or drop: its standard error and degrees of freedom of Student's t.

    The error is infinite where seeds are too few to know it.
    """

    value: float
    error: float
    df: float

    @property
    def known(self) -> bool:
        """Whether its error is."""
        return self.error < inf

    @property
    def p(self) -> float:
        """Two-sided p of the hypothesis that there is no difference; 1 where nothing differs at all."""
        return 2 * self._below(-abs(self.value))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Interval that holds the true value with ``confidence``."""
        reach = self.error * float(stdtrit(self.df, (1 + confidence) / 2))
        return self.value - reach, self.value + reach

    def less_p(self, margin: float) -> float:
        """p of the hypothesis that the true value is ``margin`` or more; one-sided."""
        return self._below(self.value - margin)

    def equivalence_p(self, margin: float) -> float:
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

    @property
    def detectable(self) -> float:
        """The true difference that a test with this error has the chance ``POWER`` to show.

        ``t(1 - SIGNIFICANCE / 2) + t(POWER)`` standard errors (Cohen 1988; Card et al. 2020).
        """
        return self.error * float(stdtrit(self.df, [1 - SIGNIFICANCE / 2, POWER]).sum())

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


def systems_of(runs: Mapping[Run, Counts], condition: str = TRUE.name) -> dict[Combination, Seeds]:
    """Entity F1 of each combination whose seeds were all predicted under the condition, in order."""
    seeds: dict[Combination, list[Counts]] = defaultdict(list)
    for run in sorted(runs):
        seeds[run.combination].append(runs[run])
    return {
        one: Seeds.of(np.stack([counts.entities[condition].sum(axis=1) for counts in several]))
        for one, several in seeds.items()
        if all(condition in counts.entities for counts in several)
    }


def alike(systems: Mapping[Combination, Seeds]) -> dict[Combination, Seeds]:
    """Those of a data set whose variances between seeds are pooled: they read the text and find anything."""
    return {one: system for one, system in systems.items() if one.text_encoder != NONE and system.mean}
