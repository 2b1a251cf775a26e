"""Confidence intervals of the combinations' scores."""

from collections import defaultdict
from collections.abc import Mapping

from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.seeds import SeedVariance, systems_of
from mnerflow.plan.names import NONE, Combination, Run


def score_intervals(runs: Mapping[Run, Counts]) -> dict[Combination, tuple[float, float]]:
    """The 95 % confidence interval of each combination's entity F1, a mean over its seeds.

    ``runs`` maps each run to its counts on the test split. Within a data set and filter, the variance between
    seeds is pooled over the combinations that read the text, and separately over those that do not. Where no
    combination of such a group has two seeds, none of them has an interval. A combination that finds no
    entity has none either. Intervals do not reach beyond 0 or 1.
    """
    groups: dict[tuple[str, bool], dict[Run, Counts]] = defaultdict(dict)
    for run, counts in runs.items():
        groups[run.data, run.text_encoder == NONE][run] = counts
    intervals: dict[Combination, tuple[float, float]] = {}
    for members in groups.values():
        systems = systems_of(members)
        variance = SeedVariance.pooled(system for system in systems.values() if system.mean)
        found = {one: variance.mean(system) for one, system in systems.items() if system.mean}
        for one, mean in found.items():
            if mean.known:
                low, high = mean.interval()
                intervals[one] = max(0.0, low), min(1.0, high)
    return intervals
