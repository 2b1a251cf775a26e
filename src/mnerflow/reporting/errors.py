"""The table of errors: how many of each kind."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from mnerflow.data.tags import TypeNames
from mnerflow.evaluation.background import SEEN, Background
from mnerflow.evaluation.errors import GROUPINGS, KINDS, WITHOUT_GOLD, count_errors
from mnerflow.evaluation.predictions import read_tested
from mnerflow.plan.names import Combination, Run
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    DATA,
    ENCODERS,
    MEAN,
    MODEL,
    SEEDS,
    SHARE,
    SYSTEM,
    Column,
)
from mnerflow.reporting.render import Rendered
from mnerflow.reporting.table import Table

MEANINGS = {
    "missed": "no prediction overlaps the gold entity",
    "spurious": "the prediction overlaps none",
    "wrong_type": "the same words, another type",
    "wrong_boundary": "the same type, other words",
    "both": "other words and another type",
    "surplus": "it overlaps one that another fits better",
}
TABLE = Table(
    "Errors",
    "Errors on the test split: number of entities, means over seeds. Missed: {missed}; spurious: {spurious}; "
    "surplus: {surplus}.",
    (
        *COMBINATION_COLUMNS,
        SEEDS,
        Column(
            "by",
            "by",
            "what entities are grouped by: type, length in words, whether training shows them, "
            "whether the post has a usable image",
        ),
        Column("group", "group", "of these"),
        Column("gold", "gold", "gold entities", MEAN),
        Column("correct", "correct", "type and both boundaries right", MEAN),
        *(Column(kind, kind.replace("_", " "), MEANINGS[kind], MEAN) for kind in KINDS),
    ),
    page=(DATA, MODEL, "by", "group", "gold", "correct"),
    wide=KINDS,
    detail=("seeds",),
)
# One row a combination, with its recall among entities seen and unseen in training.
IN_ALL = replace(
    TABLE,
    about=f"{TABLE.about} Recall, in percent, of entities whose words were an entity in the training split "
    "(seen) or not; not in that of a run that it starts from. By type, length and image in errors.csv.",
    printed=(
        DATA,
        ENCODERS,
        SYSTEM,
        "seeds",
        "gold",
        "correct",
        *KINDS,
        *(Column(group, f"recall, {group}", form=SHARE) for group in SEEN),
    ),
)
Files = Mapping[Run, str | Path]  # each run's predictions of the test split
Backgrounds = Mapping[tuple[str, str], Background]


def error_rows(files: Files, backgrounds: Backgrounds, names: TypeNames) -> list[dict[str, Any]]:
    """Errors on the test split by combination, grouping and group, means over seeds.

    ``gold`` counts gold entities: ``correct`` and all errors but those without one. ``backgrounds`` are by
    data set and filter, ``names`` what types are called by data set.
    """
    rows = []
    for combination, members in groupby(sorted(files), key=lambda run: run.combination):
        runs = list(members)
        called = names.get(combination.dataset, {})
        seeds = [count_errors(read_tested(files[run]), backgrounds[run.dataset, run.filter]) for run in runs]
        for by, group in sorted({key for counts in seeds for key in counts}, key=_order):
            mean = {
                kind: fmean(counts.get((by, group), {}).get(kind, 0) for counts in seeds)
                for kind in ("correct", *KINDS)
            }
            gold = sum(count for kind, count in mean.items() if kind not in WITHOUT_GOLD)
            group = called.get(group, group) if by == "type" else group
            rows.append(
                asdict(combination) | {"seeds": len(runs), "by": by, "group": group, "gold": gold} | mean
            )
    return rows


def error_table(rows: Sequence[dict[str, Any]]) -> Rendered:
    """All errors of each combination, and its recall among entities seen and unseen in training."""
    lines = []
    for _, members in groupby(rows, key=Combination.of):
        groups = {(row["by"], row["group"]): row for row in members}
        recall = {group: _recall(groups.get(("in training", group))) for group in SEEN}
        lines.append(groups["all", "all"] | recall)
    return IN_ALL.render(lines)


def _order(group: tuple[str, str]) -> tuple[int, str]:
    return ("all", *GROUPINGS).index(group[0]), group[1]


def _recall(row: dict[str, Any] | None) -> float | None:
    return row["correct"] / row["gold"] if row and row["gold"] else None
