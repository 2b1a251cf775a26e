"""The table of errors: the number of each kind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from statistics import fmean
from typing import Any

from mnerflow.data.tags import Names, TypeNames
from mnerflow.evaluation.background import SEEN, Background
from mnerflow.evaluation.counts import Counts, by_combination, by_data, check_predicted_from
from mnerflow.evaluation.errors import GROUPINGS, KINDS, WITHOUT_GOLD, Errors, count_errors, grouping
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
    "spurious": "the prediction overlaps no gold entity",
    "wrong_type": "the same words, another type",
    "wrong_boundary": "the same type, other words",
    "both": "other words and another type",
    "surplus": "the prediction overlaps a gold entity that another prediction fits better",
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
            "what entities are grouped by: type, length in words, whether training contains them, "
            "whether the post has a usable image",
        ),
        Column("group", "group", "group of entities"),
        Column("gold", "gold", "gold entities", MEAN),
        Column("correct", "correct", "entities with type and both boundaries right", MEAN),
        *(Column(kind, kind.replace("_", " "), MEANINGS[kind], MEAN) for kind in KINDS),
    ),
    page=(DATA, MODEL, "by", "group", "gold", "correct"),
    wide=KINDS,
    detail=("seeds",),
)
# One row per combination, with its recall among entities seen and unseen in training.
IN_ALL = replace(
    TABLE,
    about=f"{TABLE.about} Recall, in percent, is of entities whose words are an entity in the training split "
    "(seen) or not (unseen); the training split of a run that it starts from does not count. Errors by type, "
    "length and image are in errors.csv.",
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
Backgrounds = Mapping[tuple[str, str], Background]


def error_rows(
    runs: Mapping[Run, Counts], backgrounds: Backgrounds, names: TypeNames
) -> list[dict[str, Any]]:
    """Errors on the test split by combination, grouping and group, means over seeds.

    ``gold`` counts gold entities: ``correct`` and all errors except those without a gold entity.
    ``backgrounds`` are by data set and filter; ``names`` are the displayed names of types, by data set.
    Raises ``UserError`` naming a run that was predicted from other posts than those of its background.
    """
    rows: list[dict[str, Any]] = []
    for data, of_data in by_data(runs):
        check_predicted_from(backgrounds[data].posts, of_data)
        groups_of = grouping(backgrounds[data])
        called = names.get(data[0], {})
        for combination, seeds in by_combination(of_data).items():
            rows += _rows(combination, [count_errors(counts, groups_of) for counts in seeds], called)
    return rows


def _rows(combination: Combination, seeds: Sequence[Errors], called: Names) -> Iterator[dict[str, Any]]:
    for by, group in sorted({key for counts in seeds for key in counts}, key=_order):
        mean = {
            kind: fmean(counts.get((by, group), {}).get(kind, 0) for counts in seeds)
            for kind in ("correct", *KINDS)
        }
        gold = sum(count for kind, count in mean.items() if kind not in WITHOUT_GOLD)
        group = called.get(group, group) if by == "type" else group
        yield asdict(combination) | {"seeds": len(seeds), "by": by, "group": group, "gold": gold} | mean


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
