"""Scores by entity type; the best of a data set is bold where it is significantly the best."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from statistics import fmean
from typing import Any

import numpy as np

from mnerflow.data.tags import TypeNames
from mnerflow.evaluation.best import significantly_best
from mnerflow.evaluation.counts import Counts, by_combination, by_data
from mnerflow.evaluation.metrics import GOLD, precision_recall_f1
from mnerflow.evaluation.statistics import LEAST
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    ENCODERS,
    FLAG,
    MODEL,
    PERCENT,
    SCORES,
    SEEDS,
    SYSTEM,
    Column,
    over_seeds,
)
from mnerflow.reporting.render import Rendered, deviation, markdown_escape
from mnerflow.reporting.table import Table, rendered

F1, F1_SD = over_seeds("f1", "F1", "F1 over the entities of the type", bold="best")
TABLE = Table(
    "By entity type",
    "Scores by entity type on the test split in percent, means over seeds. Bold: {best}. Image let in: "
    "{image_weight}.",
    (
        *COMBINATION_COLUMNS,
        SEEDS,
        Column("type", "type", "entity type"),
        Column("support", "gold entities", "number of gold entities of the type in the test split", COUNT),
        Column("precision", *SCORES["entity_precision"], PERCENT),
        Column("recall", *SCORES["entity_recall"], PERCENT),
        F1,
        F1_SD,
        Column(
            "best",
            meaning="best of its data set and type, where the next best is shown to be worse",
            form=FLAG,
        ),
        Column(
            "image_weight",
            "image let in",
            "how far the gate is open, or how much attention is on patches instead of on nothing (99.6 "
            "where it is spread evenly over 256 patches), at the words of such entities",
            PERCENT,
        ),
    ),
    page=(DATA, MODEL, "type", "f1_mean"),
    wide=("precision", "recall", "support", "image_weight"),
    detail=("seeds",),
)


def type_rows(runs: Mapping[Run, Counts], names: TypeNames, pools: SeedPools) -> list[dict[str, Any]]:
    """Precision, recall and F1 of every combination and entity type on the test split, means over seeds.

    ``support`` is the number of gold entities. ``best`` marks the highest F1 of a data set, filter and type
    where the next one is significantly worse (see ``significantly_best``). ``image_weight``, in 0..1, is how
    much of the image the words of the type's gold entities let in; ``None`` for a fusion that does not decide
    this per word. ``names`` are the displayed names of types, by data set.
    """
    rows = []
    for _, of_runs in by_data(runs):
        combinations = by_combination(of_runs)
        types = next(iter(of_runs.values())).types
        of_type = [
            {
                one: np.stack([counts.plain[:, index] for counts in seeds])
                for one, seeds in combinations.items()
            }
            for index in range(len(types))
        ]
        best = significantly_best(of_type, pools)
        rows += [
            _row(combination, names.get(combination.dataset, {}).get(kind, kind), counts[combination])
            | {"best": combination == winner, "image_weight": _image_weight(seeds, index)}
            for combination, seeds in combinations.items()
            for index, (kind, counts, winner) in enumerate(zip(types, of_type, best, strict=True))
        ]
    return rows


def type_tables(rows: Sequence[dict[str, Any]]) -> list[Rendered]:
    """F1 by type: a table per data set and filter, with a column per type, from rows of ``type_rows``."""
    tables = []
    for data, members in groupby(rows, key=lambda row: Combination.of(row).data):
        lines = [list(types) for _, types in groupby(members, key=Combination.of)]
        cells = [
            [column.cell(types[0]) for column in (ENCODERS, SYSTEM)] + [F1.cell(row) for row in types]
            for types in lines
        ]
        heads = [replace(F1, title=f"{row['type']} ({row['support']})") for row in lines[0]]
        table = rendered(
            f"F1 by entity type on the test split of {markdown_escape(data)} in percent, mean ± standard "
            "deviation over seeds; in brackets the number of gold entities. Bold: the best of its column, "
            f"where the next one is significantly worse and there are {LEAST} entities or more.",
            [ENCODERS, SYSTEM, *heads],
            cells,
        )
        tables.append(replace(table, name=data))
    return tables


def _image_weight(seeds: Sequence[Counts], index: int) -> float | None:
    found = [counts.image_weight[index] for counts in seeds if counts.image_weight.size]
    return float(np.mean(found)) if found and not np.isnan(found).any() else None


def _row(combination: Combination, kind: str, counts: np.ndarray) -> dict[str, Any]:
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
