"""The table that answers the question within parts of the test split."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from mnerflow.data.tags import TypeNames
from mnerflow.evaluation.comparison import Comparison
from mnerflow.evaluation.statistics import LEAST
from mnerflow.evaluation.strata import Stratum
from mnerflow.plan.names import Combination
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    ENCODERS,
    MODEL,
    SEEDS,
    SYSTEM,
    Column,
)
from mnerflow.reporting.does_it_help import NEAR, help_record
from mnerflow.reporting.does_it_help import TABLE as WHOLE
from mnerflow.reporting.render import Rendered
from mnerflow.reporting.table import Table

TOO_SMALL = "too small"
JUDGED = (
    "baseline_score",
    "fusion_score",
    "difference",
    "low",
    "high",
    "p",
    "p_corrected",
    "sure",
    "drop_shuffled",
    "drop_shuffled_low",
    "drop_shuffled_high",
    "drop_blank",
    "drop_blank_low",
    "drop_blank_high",
    "smallest_margin",
    "close",
)
_WHOLE = {column.name: column for column in WHOLE.columns} | {
    "p_corrected": replace(
        next(column for column in WHOLE.columns if column.name == "p_corrected"),
        meaning="p-value after Holm's correction over all rows that are not too small and have two seeds or "
        "more on both sides",
    )
}
TABLE = Table(
    "Where does a source help?",
    "Where does a source help? Entity F1 within strata of the test split in percent, mean over seeds, of "
    "every run with the source and of its baseline, the same run without it. Strata: {stratum}. Verdict: "
    "{verdict}.",
    (
        *COMBINATION_COLUMNS,
        _WHOLE["source"],
        SEEDS,
        Column("kind", "strata", "what the test split is divided by"),
        Column(
            "stratum",
            "stratum",
            "entities by type; gold and predicted entities whose words are an entity in training (seen) or "
            "not (unseen); posts with or without a usable image; posts where a context names some of the "
            "gold entities or none, a diagnosis that uses the gold annotation",
        ),
        Column(
            "posts",
            "posts",
            "number of posts in the stratum; for strata of entities, posts that contain a gold one",
            COUNT,
        ),
        Column("gold", "gold entities", "number of gold entities in the stratum", COUNT),
        *(_WHOLE[name] for name in JUDGED),
        Column(
            "verdict",
            "verdict",
            f"by the rules for the whole split, or {TOO_SMALL} with fewer than {LEAST} gold entities",
        ),
    ),
    printed=(
        "dataset",
        "filter",
        ENCODERS,
        SYSTEM,
        "source",
        "seeds",
        "kind",
        "stratum",
        "posts",
        "gold",
        "baseline_score",
        "fusion_score",
        "difference",
        "low",
        "p_corrected",
        "drop_shuffled",
        "verdict",
    ),
    page=(DATA, MODEL, "source", "kind", "stratum", "verdict", "difference"),
    wide=("low", "p_corrected", "baseline_score", "fusion_score"),
    detail=("seeds", "posts", "gold", "p", "drop_shuffled", "drop_blank", "smallest_margin"),
    remarks=lambda row: [NEAR] if row["close"] else [],
)


def stratum_rows(compared: Sequence[tuple[Stratum, Comparison]], names: TypeNames) -> list[dict[str, Any]]:
    """A row of ``TABLE`` for each stratum and comparison; a stratum that is too small has no scores.

    ``names`` are the displayed names of entity types, by data set.
    """
    rows = []
    for stratum, comparison in compared:
        name = stratum.name
        if stratum.kind == "type":
            name = names.get(comparison.combination.dataset, {}).get(name, name)
        record = help_record(comparison)
        if stratum.too_small:
            record |= dict.fromkeys(JUDGED) | {"verdict": TOO_SMALL}
        record |= {"kind": stratum.kind, "stratum": name, "posts": stratum.posts, "gold": stratum.gold}
        rows.append({column: record[column] for column in TABLE.names})
    return rows


def stratum_tables(rows: Sequence[dict[str, Any]]) -> list[Rendered]:
    """A table for each data set, of the runs with two seeds or more."""
    several = [row for row in rows if row["seeds"] > 1]
    return [
        replace(TABLE.render([*members], ["Runs with one seed are only in strata.csv."]), name=data)
        for data, members in groupby(several, key=lambda row: Combination.of(row).data)
    ]
