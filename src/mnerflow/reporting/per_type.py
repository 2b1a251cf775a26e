"""Scores by entity type, the best of a data set bold where it is surely the best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import fmean, stdev

import numpy as np

from mnerflow.evaluation.counts import Counts, check_same_posts
from mnerflow.evaluation.evidence import SIGNIFICANCE
from mnerflow.evaluation.metrics import GOLD, precision_recall_f1
from mnerflow.evaluation.statistics import (
    RESAMPLES,
    approximate_randomization,
    bootstrap_interval,
    f1,
    holm,
    resampled_difference,
    resampled_f1,
)
from mnerflow.grid import Run
from mnerflow.reporting.render import Table, spread
from mnerflow.reporting.tables import COMBINATION, encoders

COLUMNS = (*COMBINATION, "seeds", "type", "support", "precision", "recall", "f1_mean", "f1_sd", "best")


def per_type(runs: Mapping[Run, Counts], resamples: int = RESAMPLES) -> list[dict]:
    """Precision, recall and F1 of every combination and entity type on the test split, means over seeds.

    ``support`` is the number of gold entities. ``best`` marks the highest F1 of a data set, filter and type
    where the next one is surely worse: p < 0.05 (approximate randomization over sentences, Holm's correction
    over the types), and the bootstrap interval over sentences and seeds leaves out zero.
    """
    rows = []
    for _, members in groupby(sorted(runs), key=lambda run: (run.dataset, run.filter)):
        members = {run: runs[run] for run in members}
        check_same_posts(members.items())
        combinations = defaultdict(list)
        for run, counts in members.items():
            combinations[tuple(getattr(run, name) for name in COMBINATION)].append(counts)
        types = next(iter(members.values())).types
        of_type = [
            {names: np.stack([c.plain[:, index] for c in seeds]) for names, seeds in combinations.items()}
            for index in range(len(types))
        ]
        best = _surely_best(of_type, resamples)
        rows += [
            _row(names, kind, counts[names]) | {"best": names == winner}
            for names in combinations
            for kind, counts, winner in zip(types, of_type, best, strict=True)
        ]
    return rows


def per_type_tables(rows: Sequence[dict]) -> list[Table]:
    """F1 by type in percent, one table a data set and filter, from the rows of ``per_type``."""
    tables = []
    for (dataset, filter_name), members in groupby(rows, key=lambda row: (row["dataset"], row["filter"])):
        lines = [list(line) for _, line in groupby(members, key=lambda row: tuple(map(row.get, COMBINATION)))]
        data = dataset if filter_name == "none" else f"{dataset} ({filter_name})"
        tables.append(
            Table(
                f"F1 by entity type on the test split of {data} in percent, mean ± standard deviation over "
                "seeds; in brackets the number of gold entities. Bold: the best of its column, where the "
                "next one is surely worse.",
                ["encoders", "fusion", *(f"{row['type']} ({row['support']})" for row in lines[0])],
                [
                    [encoders(line[0]), line[0]["fusion"], *(spread(r["f1_mean"], r["f1_sd"]) for r in line)]
                    for line in lines
                ],
                bold={(y, x) for y, line in enumerate(lines) for x, row in enumerate(line, 2) if row["best"]},
            )
        )
    return tables


def _row(names: tuple, kind: str, counts: np.ndarray) -> dict:
    totals = counts.sum(axis=1)
    precision, recall, scores = zip(*map(precision_recall_f1, totals), strict=True)
    return dict(zip(COMBINATION, names, strict=True)) | {
        "seeds": len(totals),
        "type": kind,
        "support": int(totals[0, GOLD]),
        "precision": fmean(precision),
        "recall": fmean(recall),
        "f1_mean": fmean(scores),
        "f1_sd": stdev(scores) if len(scores) > 1 else None,
    }


def _surely_best(systems: Sequence[Mapping[tuple, np.ndarray]], resamples: int) -> list[tuple | None]:
    """For each type, the system whose F1 is surely the highest; counts ``(seeds, sentences, 3)``."""
    if len(systems[0]) < 2:
        return [None] * len(systems)
    leaders = []
    for counts in systems:
        means = {names: f1(seeds.sum(axis=1)).mean() for names, seeds in counts.items()}
        leaders.append(sorted(means, key=means.__getitem__, reverse=True)[:2])
    pairs = [[counts[names] for names in two] for counts, two in zip(systems, leaders, strict=True)]
    corrected = holm([approximate_randomization(*pair, resamples) for pair in pairs])
    scores = resampled_f1(np.concatenate([seeds for pair in pairs for seeds in pair]), resamples)
    columns = iter(np.split(scores, np.cumsum([len(seeds) for pair in pairs for seeds in pair])[:-1], axis=1))
    best = []
    for two, p in zip(leaders, corrected, strict=True):
        low, _ = bootstrap_interval(resampled_difference(next(columns), next(columns)))
        best.append(two[0] if p < SIGNIFICANCE and low > 0 else None)
    return best
