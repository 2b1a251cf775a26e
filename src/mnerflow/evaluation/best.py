"""Which of several systems is significantly the best."""

from collections.abc import Mapping, Sequence

import numpy as np

from mnerflow.evaluation.counts import Counts, by_combination, by_data
from mnerflow.evaluation.metrics import GOLD
from mnerflow.evaluation.seeds import Seeds, pooled_systems, pooled_variances
from mnerflow.evaluation.statistics import LEAST, SIGNIFICANCE, holm
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools


def best_combinations(runs: Mapping[Run, Counts], pools: SeedPools) -> set[Combination]:
    """For each data set and filter, the combination with significantly the best entity F1, if any.

    ``runs`` maps each run to its counts on the test split. Raises ``UserError`` as ``by_data`` does.
    """
    tasks = []
    for _, members in by_data(runs):
        seeds = by_combination(members)
        tasks.append(
            {one: np.stack([counts.plain.sum(axis=1) for counts in found]) for one, found in seeds.items()}
        )
    return {winner for winner in significantly_best(tasks, pools) if winner}


def significantly_best(
    tasks: Sequence[Mapping[Combination, np.ndarray]], pools: SeedPools
) -> list[Combination | None]:
    """For each task, the system with the best mean F1 if the next is significantly worse, else ``None``.

    A task contains the counts ``(seeds, sentences, 3)`` of each system on the same sentences. Significantly
    worse means that both systems have at least two seeds, and p < 0.05 with Holm's correction over the tasks.
    Tasks with fewer gold entities than ``LEAST`` have no best system.
    The variance between seeds is pooled over the task's systems of a pool that find any entity.
    """
    contests: dict[int, tuple[Combination, float]] = {}
    for index, task in enumerate(tasks):
        systems = {name: Seeds.of(counts) for name, counts in task.items()}
        ranked = sorted(systems, key=lambda name: systems[name].mean, reverse=True)[:2]
        enough = next(iter(task.values()))[0, :, GOLD].sum() >= LEAST
        if enough and len(ranked) == 2 and min(len(systems[name]) for name in ranked) > 1:
            first, second = ranked
            variances = pooled_variances(systems, pooled_systems(systems), pools)
            difference = variances[first].difference(systems[first], systems[second], variances[second])
            contests[index] = first, difference.p
    corrected = holm([p for _, p in contests.values()])
    best: list[Combination | None] = [None] * len(tasks)
    for (index, (name, _)), p in zip(contests.items(), corrected, strict=True):
        if p < SIGNIFICANCE:
            best[index] = name
    return best
