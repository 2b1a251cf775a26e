"""How sure each combination's score is."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import groupby

import numpy as np

from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.statistics import RESAMPLES, bootstrap_interval, resampled_f1, resampled_mean
from mnerflow.plan.names import Combination, Run


def score_intervals(
    runs: Mapping[Run, Counts], resamples: int = RESAMPLES
) -> dict[Combination, tuple[float, float]]:
    """The 95 % interval of each combination's entity F1, a mean over its seeds.

    By bootstrap over the test sentences and the seeds; of a single seed, over the sentences alone. ``runs``
    are counts of the test split.
    """
    intervals = {}
    for _, group in groupby(sorted(runs), key=lambda run: run.data):
        members = list(group)
        scores = resampled_f1(np.stack([runs[run].plain.sum(axis=1) for run in members]), resamples)
        seeds = defaultdict(list)
        for column, run in enumerate(members):
            seeds[run.combination].append(column)
        for combination, columns in seeds.items():
            intervals[combination] = bootstrap_interval(resampled_mean(scores[:, columns]))
    return intervals
