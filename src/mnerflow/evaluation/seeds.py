"""Means over seeds, their differences and drops, and how other test sentences and seeds would change them.

A mean has two sources of variance. The variance over sentences, with the trained models fixed, is found by
linearisation. The variance between seeds is pooled over systems of a data set, so it is known even for a
system with a single seed; ``plan.seed_pools`` says which. docs/metrics.md derives the formulas and compares
them with the bootstrap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf, sqrt
from typing import Self

import numpy as np
from scipy.special import stdtr, stdtrit

from mnerflow.conditions import TRUE
from mnerflow.evaluation.counts import Counts, by_combination
from mnerflow.evaluation.metrics import GOLD, PREDICTED, TRUE_POSITIVE
from mnerflow.evaluation.statistics import CONFIDENCE, POWER, SIGNIFICANCE, f1
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import Pool, SeedPools


@dataclass(frozen=True)
class Seeds:
    """A system's score for each seed, and how much each test sentence contributes to it.

    ``scores`` are ``(seeds,)``: F1, or a drop in F1. ``influence`` is ``(seeds, sentences)`` and sums to 0
    over sentences. To first order, it is the change of a score when the sentence occurs once more (Efron and
    Tibshirani 1993, chapter 21).
    """

    scores: np.ndarray
    influence: np.ndarray

    @classmethod
    def of(cls, counts: np.ndarray) -> Self:
        """Entity F1 from counts ``(seeds, sentences, 3)``: true positives, predicted and gold entities."""
        scores = f1(counts.sum(axis=1))
        whole = counts[..., PREDICTED] + counts[..., GOLD]
        residuals = 2 * counts[..., TRUE_POSITIVE] - scores[:, None] * whole
        return cls(scores, residuals / np.maximum(whole.sum(axis=1), 1)[:, None])

    def __sub__(self, other: Self) -> "Seeds":
        """The drop of each seed, where ``other`` has the same trained models with a source changed."""
        return Seeds(self.scores - other.scores, self.influence - other.influence)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def mean(self) -> float:
        """The mean score over seeds."""
        return float(self.scores.mean())

    @cached_property
    def between(self) -> float:
        """Sample variance of the scores over seeds (at least two), all measured on the same sentences."""
        return float(self.scores.var(ddof=1))

    @cached_property
    def interaction(self) -> float:
        """Part of ``between`` that arises because seeds differ in which of these sentences they get right.

        On another test set of this size they would differ on other sentences. Needs at least two seeds.
        """
        deviations = self.influence - self.influence.mean(axis=0)
        return float(sentence_variance(deviations).sum()) / (len(self) - 1)


@dataclass(frozen=True, slots=True)
class SeedVariance:
    """Variance between the seeds of one system, pooled over several systems.

    ``between`` and ``interaction`` are as in ``Seeds``; ``df`` are the degrees of freedom of ``between``,
    which is infinite where no system has two seeds.
    """

    between: float
    interaction: float
    df: int

    @classmethod
    def pooled(cls, systems: Iterable[Seeds]) -> Self:
        """Pool the systems with at least two seeds, weighted by their degrees of freedom."""
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
        """Estimate of a system's mean score or drop."""
        return _estimate(system.mean, system.influence.mean(axis=0), {self: 1 / len(system)})

    def difference(self, first: Seeds, second: Seeds, of_second: Self | None = None) -> "Estimate":
        """Estimate of first minus second, for two systems with independent seeds on the same sentences.

        All seeds of both systems are used. ``of_second`` is the variance of the second system, where it is
        pooled over others than that of the first.
        """
        shares: dict[SeedVariance, float] = {self: 1 / len(first)}
        other = of_second or self
        shares[other] = shares.get(other, 0.0) + 1 / len(second)
        return _estimate(
            first.mean - second.mean,
            first.influence.mean(axis=0) - second.influence.mean(axis=0),
            shares,
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, difference or drop, with its standard error and the degrees of freedom of Student's t.

    The error is infinite where there are too few seeds to estimate it.
    """

    value: float
    error: float
    df: float

    @property
    def known(self) -> bool:
        """Whether the standard error is known."""
        return self.error < inf

    @property
    def p(self) -> float:
        """Two-sided p-value of the hypothesis that there is no difference; 1 where nothing differs at all."""
        return 2 * self._below(-abs(self.value))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Confidence interval of the true value, at the level ``confidence``; two F1 differ by at most 1."""
        if not self.known:
            return -inf, inf
        reach = self.error * float(stdtrit(self.df, (1 + confidence) / 2))
        return max(-1.0, self.value - reach), min(1.0, self.value + reach)

    @property
    def smallest_margin(self) -> float:
        """Smallest margin at which two one-sided tests (Schuirmann 1987) show that a difference is smaller.

        It is the end of the 90 % interval that is farther from 0. Both tests reject, each at
        ``SIGNIFICANCE``, exactly when the interval lies within the margin.
        """
        return max(map(abs, self.interval(1 - 2 * SIGNIFICANCE)))

    @property
    def detectable(self) -> float:
        """The true difference that a test with this error shows with probability ``POWER``.

        It is ``t(1 - SIGNIFICANCE / 2) + t(POWER)`` standard errors (Cohen 1988; Card et al. 2020).
        """
        return self.error * float(stdtrit(self.df, [1 - SIGNIFICANCE / 2, POWER]).sum())

    def _below(self, value: float) -> float:
        """Probability that an estimate with this error is less than ``value`` if the true value is 0."""
        if not self.error:
            return 0.5 if value == 0 else float(value > 0)
        return float(stdtr(self.df, value / self.error))


def _estimate(value: float, influence: np.ndarray, shares: Mapping[SeedVariance, float]) -> Estimate:
    """Estimate of a mean whose variance includes these shares of the variances of one seed.

    Degrees of freedom follow Satterthwaite (1946), with at least 1, for independent mean squares: over
    sentences and between seeds. The interaction, a mean over all sentences, is taken as known.
    """
    if any(seeds.between == inf for seeds in shares):
        return Estimate(value, inf, 1.0)
    sentences = float(sentence_variance(influence))
    square = sentences + sum(share * seeds.main for seeds, share in shares.items())
    uncertainty = sentences**2 / max(len(influence) - 1, 1)
    uncertainty += sum((share * seeds.between) ** 2 / seeds.df for seeds, share in shares.items())
    freedom = square**2 / uncertainty if uncertainty else sum(seeds.df for seeds in shares)
    return Estimate(value, sqrt(square), max(1.0, freedom))


def sentence_variance(influence: np.ndarray) -> np.ndarray:
    """Variance over test sets of scores with this influence ``(…, sentences)``, the trained models fixed.

    This is the delta method, which agrees with the bootstrap over sentences and needs no draws.
    """
    sentences = influence.shape[-1]
    return (influence**2).sum(axis=-1) * sentences / max(sentences - 1, 1)


def systems_of(runs: Mapping[Run, Counts], condition: str = TRUE.name) -> dict[Combination, Seeds]:
    """Entity F1 of each combination whose seeds were all predicted under the condition, in sorted order."""
    return {
        one: Seeds.of(np.stack([counts.entities[condition].sum(axis=1) for counts in several]))
        for one, several in by_combination(runs).items()
        if all(condition in counts.entities for counts in several)
    }


def pooled_systems(systems: Mapping[Combination, Seeds]) -> dict[Combination, Seeds]:
    """The systems whose variances between seeds are pooled: those that find any entity."""
    return {one: system for one, system in systems.items() if system.mean}


def pooled_variances(
    systems: Mapping[Combination, Seeds], pooled: Mapping[Combination, Seeds], pools: SeedPools
) -> dict[Combination, SeedVariance]:
    """The variance between seeds of each system, pooled over the ``pooled`` systems of its pool."""
    members: dict[Pool, list[Seeds]] = {pools.pool(one): [] for one in systems}
    for one, system in pooled.items():
        members[pools.pool(one)].append(system)
    variances = {pool: SeedVariance.pooled(found) for pool, found in members.items()}
    return {one: variances[pools.pool(one)] for one in systems}
