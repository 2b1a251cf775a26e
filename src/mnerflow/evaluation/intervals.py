"""How sure each combination's score is."""

from collections import defaultdict
from collections.abc import Mapping

from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.seeds import SeedVariance, systems_of
from mnerflow.plan.names import NONE, Combination, Run


def score_intervals(runs: Mapping[Run, Counts]) -> dict[Combination, tuple[float, float]]:
    """The 95 % interval of each combination's entity F1, a mean over its seeds.

    ``runs`` are counts of the test split. The variance between seeds is pooled over the combinations of a
    data set and filter that read the text, and over those that do not. Without two seeds of any of them there
    is no interval, nor of one that finds nothing. None reaches beyond 0 or 1.
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
