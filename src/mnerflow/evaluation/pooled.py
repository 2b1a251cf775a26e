"""One answer per data set: the mean difference over all models that read a source, and their spread.

``evaluation.seeds`` estimates the error of a single difference. The differences on one data set share test
sentences and baselines, so their errors are correlated; docs/metrics.md derives the formulas.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf, sqrt

import numpy as np

from mnerflow.evaluation.comparison import Comparison
from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.seeds import (
    Estimate,
    Seeds,
    SeedVariance,
    pooled_systems,
    pooled_variances,
    systems_of,
)
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools


@dataclass(frozen=True, slots=True)
class Pooled:
    """What a source is worth on a data set and filter, over the models (combinations) that read it.

    Attributes:
        models: number of models.
        one_seed: number of models with a single run.
        runs: number of the models' runs.
        baseline_runs: number of their baselines' runs.
        difference: entity F1 with the source minus without it, a mean over models, as a fraction.
        spread: standard deviation of the true gains of single models; ``None`` for one model, or if no system
            has two seeds.
    """

    dataset: str
    filter: str
    source: str
    models: int
    one_seed: int
    runs: int
    baseline_runs: int
    difference: Estimate
    spread: float | None


def pooled_answers(
    runs: Mapping[Run, Counts], comparisons: Iterable[Comparison], pools: SeedPools
) -> list[Pooled]:
    """One answer for each data set, filter and source of the ``comparisons``, in order.

    It is about the models that were trained on all training posts. ``runs`` are the counts on the test split
    of all runs from which the comparisons were made.
    """

    def task(one: Comparison) -> tuple[str, str, str]:
        return one.combination.dataset, one.combination.filter, one.source

    found = []
    systems = systems_of(runs)
    variances = pooled_variances(systems, pooled_systems(systems), pools)
    learnt = (one for one in comparisons if not pools.rival(one.combination))
    whole = [one for one in learnt if pools.share(one.combination) == 1]
    for (dataset, chosen, source), group in groupby(sorted(whole, key=task), key=task):
        pairs = [(one.combination, one.baseline) for one in group]
        difference, spread = pool(pairs, systems, variances[pairs[0][0]])
        seeds = [len(systems[one]) for one, _ in pairs]
        found.append(
            Pooled(
                dataset,
                chosen,
                source,
                len(pairs),
                seeds.count(1),
                sum(seeds),
                sum(len(systems[one]) for one in {baseline for _, baseline in pairs}),
                difference,
                spread,
            )
        )
    return found


def pool(
    pairs: Sequence[tuple[Combination, Combination]],
    systems: Mapping[Combination, Seeds],
    variance: SeedVariance,
) -> tuple[Estimate, float | None]:
    """The mean difference over pairs of a system and its baseline, and the spread between systems.

    All systems have equal weight, whatever their number of seeds. The spread is a standard deviation by the
    method of moments, as in DerSimonian and Laird (1986), but with correlated errors. Degrees of freedom
    follow Satterthwaite (1946).
    """
    number, members = len(pairs), [*dict.fromkeys(one for pair in pairs for one in pair)]
    sign = np.array([[(one == first) - (one == second) for one in members] for first, second in pairs], float)
    differences = sign @ [systems[one].mean for one in members]
    value = float(differences.mean())
    if variance.between == inf:
        return Estimate(value, inf, 1.0), None
    influence = sign @ np.stack([systems[one].influence.mean(axis=0) for one in members])
    count = influence.shape[1]
    of_sentences = influence @ influence.T * count / max(count - 1, 1)
    of_seeds = sign @ (sign / [len(systems[one]) for one in members]).T  # in units of one seed's variance
    sentences, seeds, between = float(of_sentences.mean()), float(of_seeds.mean()), 0.0
    excess = None
    if number > 1:
        covariance = of_sentences + variance.main * of_seeds
        found = float(differences.var(ddof=1))
        excess = max(0.0, found - float(np.trace(covariance) / number - _shared(covariance)))
        if excess:
            # The variance between differences includes each system's own error; the shared error is added.
            sentences, seeds, between = _shared(of_sentences), _shared(of_seeds), found / number
    square = sentences + seeds * variance.main + between
    uncertainty = sentences**2 / max(count - 1, 1) + (seeds * variance.between) ** 2 / variance.df
    uncertainty += between**2 / max(number - 1, 1)
    freedom = square**2 / uncertainty if uncertainty else variance.df
    return Estimate(value, sqrt(square), max(1.0, freedom)), excess if excess is None else sqrt(excess)


def _shared(covariance: np.ndarray) -> float:
    """The mean covariance between two different systems."""
    number = len(covariance)
    return float((covariance.sum() - np.trace(covariance)) / (number * (number - 1)))
