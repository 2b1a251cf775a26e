"""Which of several systems is surely the best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.statistics import (
    RESAMPLES,
    SIGNIFICANCE,
    approximate_randomization,
    bootstrap_interval,
    f1,
    holm,
    resampled_difference,
    resampled_f1,
)
from mnerflow.plan.names import Combination, Run


def best_combinations(runs: Mapping[Run, Counts], resamples: int = RESAMPLES) -> set[Combination]:
    """Of each data set and filter, the combination whose entity F1 is surely the best, where there is one.

    ``runs`` are counts of the test split.
    """
    tasks: dict[str, dict[Combination, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
    for run in sorted(runs):
        tasks[run.data][run.combination].append(runs[run].plain.sum(axis=1))
    stacked = [{one: np.stack(seeds) for one, seeds in systems.items()} for systems in tasks.values()]
    return {winner for winner in surely_best(stacked, resamples) if winner}


def surely_best(
    tasks: Sequence[Mapping[Combination, np.ndarray]], resamples: int = RESAMPLES
) -> list[Combination | None]:
    """For each task, the system with the highest mean F1 where the next one is surely worse, else ``None``.

    A task holds the counts ``(seeds, sentences, 3)`` of each system on the same sentences. Surely worse:
    p < 0.05 (approximate randomization over sentences, Holm's correction over the tasks), and the bootstrap
    interval of the difference, over sentences and seeds, leaves out zero. A single seed is never sure.
    """
    leaders = []
    for systems in tasks:
        means = {name: f1(counts.sum(axis=1)).mean() for name, counts in systems.items()}
        leaders.append(sorted(means, key=means.__getitem__, reverse=True)[:2])
    contested = [index for index, two in enumerate(leaders) if len(two) == 2]
    pairs = [tuple(tasks[index][name] for name in leaders[index]) for index in contested]
    corrected = holm([approximate_randomization(first, second, resamples) for first, second in pairs])
    best: list[Combination | None] = [None] * len(tasks)
    for index, pair, p in zip(contested, pairs, corrected, strict=True):
        scores = resampled_f1(np.concatenate(pair), resamples)
        low, _ = bootstrap_interval(resampled_difference(*np.split(scores, [len(pair[0])], axis=1)))
        if p < SIGNIFICANCE and low > 0 and min(map(len, pair)) > 1:
            best[index] = leaders[index][0]
    return best
