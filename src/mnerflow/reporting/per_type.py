"""Scores by entity type, the best of a data set bold where it is surely the best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from statistics import fmean

import numpy as np

from mnerflow.evaluation.best import surely_best
from mnerflow.evaluation.counts import Counts, check_same_posts
from mnerflow.evaluation.metrics import GOLD, precision_recall_f1
from mnerflow.evaluation.statistics import RESAMPLES
from mnerflow.plan.names import COMBINATION, Combination, Run
from mnerflow.reporting.render import Table, deviation, spread

COLUMNS = (
    *COMBINATION,
    "seeds",
    "type",
    "support",
    "precision",
    "recall",
    "f1_mean",
    "f1_sd",
    "best",
    "image_weight",
)


def type_rows(runs: Mapping[Run, Counts], resamples: int = RESAMPLES) -> list[dict]:
    """Precision, recall and F1 of every combination and entity type on the test split, means over seeds.

    ``support`` is the number of gold entities. ``best`` marks the highest F1 of a data set, filter and type
    where the next one is surely worse (see ``surely_best``). ``image_weight`` is how much of the image the
    words of the type's gold entities let in, in 0..1; nothing for a fusion that does not decide it a word.
    """
    rows = []
    for _, members in groupby(sorted(runs), key=lambda run: run.data):
        members = {run: runs[run] for run in members}
        check_same_posts(members.items())
        combinations = defaultdict(list)
        for run, counts in members.items():
            combinations[run.combination].append(counts)
        types = next(iter(members.values())).types
        of_type = [
            {
                one: np.stack([counts.plain[:, index] for counts in seeds])
                for one, seeds in combinations.items()
            }
            for index in range(len(types))
        ]
        best = surely_best(of_type, resamples)
        rows += [
            _row(combination, kind, counts[combination])
            | {"best": combination == winner, "image_weight": _image_weight(seeds, index)}
            for combination, seeds in combinations.items()
            for index, (kind, counts, winner) in enumerate(zip(types, of_type, best, strict=True))
        ]
    return rows


def type_tables(rows: Sequence[dict]) -> list[Table]:
    """F1 by type in percent, one table a data set and filter, from the rows of ``type_rows``."""
    tables = []
    for data, members in groupby(rows, key=lambda row: Combination.of(row).data):
        lines = [(one, list(types)) for one, types in groupby(members, key=Combination.of)]
        tables.append(
            Table(
                f"F1 by entity type on the test split of {data} in percent, mean ± standard deviation over "
                "seeds; in brackets the number of gold entities. Bold: the best of its column, where the "
                "next one is surely worse.",
                ["encoders", "fusion", *(f"{row['type']} ({row['support']})" for row in lines[0][1])],
                [
                    [one.encoders, one.system, *(spread(row["f1_mean"], row["f1_sd"]) for row in types)]
                    for one, types in lines
                ],
                bold={
                    (y, x)
                    for y, (_, types) in enumerate(lines)
                    for x, row in enumerate(types, 2)
                    if row["best"]
                },
            )
        )
    return tables


def _image_weight(seeds: Sequence[Counts], index: int) -> float | None:
    found = [counts.image_weight[index] for counts in seeds if counts.image_weight.size]
    return float(np.mean(found)) if found and not np.isnan(found).any() else None


def _row(combination: Combination, kind: str, counts: np.ndarray) -> dict:
    totals = counts.sum(axis=1)
    precision, recall, scores = zip(*map(precision_recall_f1, totals), strict=True)
    return asdict(combination) | {
        "seeds": len(totals),
        "type": kind,
        "support": int(totals[0, GOLD]),
        "precision": fmean(precision),
        "recall": fmean(recall),
        "f1_mean": fmean(scores),
        "f1_sd": deviation(scores),
    }
