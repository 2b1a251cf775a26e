"""The gain that a study can show, estimated from the variances of finished runs."""

from collections.abc import Collection
from dataclasses import dataclass
from math import inf, sqrt
from typing import Self

from scipy.special import stdtrit

from mnerflow.evaluation.seeds import Seeds, SeedVariance, sentence_variance
from mnerflow.evaluation.statistics import POWER, SIGNIFICANCE


@dataclass(frozen=True, slots=True)
class Variances:
    """Sources of variance of the difference between two systems.

    Attributes:
        sentence: variance over sentences, common to all seeds.
        seeds: variance between seeds, for one seed of one system.
        sentences: number of sentences on which the variances were measured.
        systems: number of systems over which ``seeds`` is pooled.
    """

    sentence: float
    seeds: SeedVariance
    sentences: int
    systems: int

    @classmethod
    def of(cls, first: Seeds, second: Seeds, systems: Collection[Seeds]) -> Self:
        """Estimate from finished runs of two systems; the seeds' variance is pooled over ``systems``."""
        seeds = SeedVariance.pooled(systems)
        both = float(sentence_variance(first.influence.mean(axis=0) - second.influence.mean(axis=0)))
        of_interaction = seeds.interaction * (1 / len(first) + 1 / len(second))
        return cls(max(0.0, both - of_interaction), seeds, first.influence.shape[1], len(systems))

    def detectable(self, seeds: int, sentences: int, comparisons: int = 1) -> float:
        """Smallest true difference that a test shows with probability ``POWER``; ``seeds`` per system.

        It is ``t(1 - SIGNIFICANCE / 2 / comparisons) + t(POWER)`` standard errors (Cohen 1988; Card et al.
        2020). The test is two-sided, with Bonferroni's correction for all comparisons, which equals Holm's
        first step. The result is infinite with a single seed, and where no finished system has two seeds,
        because the variance between seeds cannot be estimated then.
        """
        if seeds < 2 or self.seeds.between == inf:
            return inf
        smaller, share = self.sentences / sentences, 2 / seeds
        of_sentences = smaller * (self.sentence + share * self.seeds.interaction)
        square = of_sentences + share * self.seeds.main
        between = self.seeds.main + smaller * self.seeds.interaction
        uncertainty = of_sentences**2 / max(sentences - 1, 1)
        uncertainty += (share * between) ** 2 / (self.systems * (seeds - 1))
        if not uncertainty:
            return 0.0
        df = square**2 / uncertainty
        quantiles = stdtrit(df, [1 - SIGNIFICANCE / 2 / comparisons, POWER])
        return float(quantiles.sum()) * sqrt(square)
