"""Confidence intervals of the combinations' scores."""

from collections.abc import Mapping

from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.seeds import pooled_systems, pooled_variances, systems_of
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools


def score_intervals(runs: Mapping[Run, Counts], pools: SeedPools) -> dict[Combination, tuple[float, float]]:
    """The 95 % confidence interval of each combination's entity F1, a mean over its seeds.

    ``runs`` maps each run to its counts on the test split. Where no combination of a pool has two seeds, none
    of them has an interval. A combination that finds no entity has none either. Intervals do not reach beyond
    0 or 1.
    """
    systems = pooled_systems(systems_of(runs))
    variances = pooled_variances(systems, systems, pools)
    intervals: dict[Combination, tuple[float, float]] = {}
    for one, system in systems.items():
        mean = variances[one].mean(system)
        if mean.known:
            low, high = mean.interval()
            intervals[one] = max(0.0, low), min(1.0, high)
    return intervals
