"""Scores by entity type, the best of a data set bold where it is surely the best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import fmean, stdev

import numpy as np

from mnerflow.evaluation.best import surely_best
from mnerflow.evaluation.counts import Counts, check_same_posts
from mnerflow.evaluation.metrics import GOLD, precision_recall_f1
from mnerflow.evaluation.statistics import RESAMPLES
from mnerflow.grid import Run
from mnerflow.reporting.render import Table, spread
from mnerflow.reporting.tables import COMBINATION, encoders

COLUMNS = (
    *(*COMBINATION, "seeds", "type", "support", "precision", "recall", "f1_mean", "f1_sd", "best"),
    "image_weight",
)


def per_type(runs: Mapping[Run, Counts], resamples: int = RESAMPLES) -> list[dict]:
    """Precision, recall and F1 of every combination and entity type on the test split, means over seeds.

    ``support`` is the number of gold entities. ``best`` marks the highest F1 of a data set, filter and type
    where the next one is surely worse (see ``surely_best``). ``image_weight`` is how much of the image the
    words of the type's gold entities let in, in 0..1; nothing for a fusion that does not decide it a word.
    """
    rows = []
    for _, members in groupby(sorted(runs), key=lambda run: (run.dataset, run.filter)):
        members = {run: runs[run] for run in members}
        check_same_posts(members.items())
        combinations = defaultdict(list)
        for run, counts in members.items():
            combinations[run.combination].append(counts)
        types = next(iter(members.values())).types
        of_type = [
            {names: np.stack([c.plain[:, index] for c in seeds]) for names, seeds in combinations.items()}
            for index in range(len(types))
        ]
        best = surely_best(of_type, resamples)
        rows += [
            _row(names, kind, counts[names])
            | {"best": names == winner, "image_weight": _image_weight(combinations[names], index)}
            for names in combinations
            for index, (kind, counts, winner) in enumerate(zip(types, of_type, best, strict=True))
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


def _image_weight(seeds: Sequence[Counts], index: int) -> float | None:
    found = [counts.image_weight[index] for counts in seeds if counts.image_weight.size]
    return float(np.mean(found)) if found and not np.isnan(found).any() else None


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
