"""Which gain a study can show, from the variances that finished runs had."""

from collections.abc import Collection
from dataclasses import dataclass
from math import inf, sqrt
from typing import Self

from scipy.special import stdtrit

from mnerflow.evaluation.seeds import Seeds, SeedVariance, sentence_variance
from mnerflow.evaluation.statistics import POWER, SIGNIFICANCE


@dataclass(frozen=True, slots=True)
class Variances:
    """Sources of variance of the difference between two systems, as measured on ``sentences``.

    ``sentence`` is of the sentences, alike for all seeds; ``seeds`` is of one seed of one system; ``systems``
    is how many of them the latter is pooled over.
    """

    sentence: float
    seeds: SeedVariance
    sentences: int
    systems: int

    @classmethod
    def of(cls, first: Seeds, second: Seeds, systems: Collection[Seeds]) -> Self:
        """Of finished runs of two systems; the seeds' variance is pooled over ``systems``."""
        seeds = SeedVariance.pooled(systems)
        both = float(sentence_variance(first.influence.mean(axis=0) - second.influence.mean(axis=0)))
        of_interaction = seeds.interaction * (1 / len(first) + 1 / len(second))
        return cls(max(0.0, both - of_interaction), seeds, first.influence.shape[1], len(systems))

    def detectable(self, seeds: int, sentences: int, comparisons: int = 1) -> float:
        """Smallest true difference that a test has the chance ``POWER`` to show, with so many seeds a system.

        ``t(1 - SIGNIFICANCE / 2 / comparisons) + t(POWER)`` standard errors (Cohen 1988; Card et al. 2020):
        two-sided, corrected for all comparisons as Bonferroni does, which Holm's first step equals. Infinite
        with a single seed, and where no finished system has two: their variance cannot be estimated.
        """
        if seeds < 2 or self.seeds.between == inf:
            return inf
        smaller, share = self.sentences / sentences, 2 / seeds
        of_sentences = smaller * (self.sentence + share * self.seeds.interaction)
        square = of_sentences + share * self.seeds.main
        between = self.seeds.main + smaller * self.seeds.interaction
        uncertainty = of_sentences**2 / (sentences - 1)
        uncertainty += (share * between) ** 2 / (self.systems * (seeds - 1))
        if not uncertainty:
            return 0.0
        df = square**2 / uncertainty
        quantiles = stdtrit(df, [1 - SIGNIFICANCE / 2 / comparisons, POWER])
        return float(quantiles.sum()) * sqrt(square)
