"""The table of errors: how many of each kind."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from statistics import fmean

from mnerflow.evaluation.errors import GROUPINGS, KINDS, WITHOUT_GOLD, Context, count_errors
from mnerflow.evaluation.predictions import read_tested
from mnerflow.plan.names import COMBINATION, Combination, Run
from mnerflow.reporting.render import ABSENT, Table

COLUMNS = (*COMBINATION, "seeds", "by", "group", "gold", "correct", *KINDS)
Files = Mapping[Run, str | Path]  # each run's predictions of the test split
Contexts = Mapping[tuple[str, str], Context]


def error_rows(files: Files, contexts: Contexts) -> list[dict]:
    """Errors on the test split by combination, grouping and group, means over seeds.

    ``gold`` counts gold entities: ``correct`` and all errors but those without one. ``contexts`` are by data
    set and filter.
    """
    rows = []
    for combination, members in groupby(sorted(files), key=lambda run: run.combination):
        runs = list(members)
        seeds = [count_errors(read_tested(files[run]), contexts[run.dataset, run.filter]) for run in runs]
        for by, group in sorted({key for counts in seeds for key in counts}, key=_order):
            mean = {
                kind: fmean(counts.get((by, group), {}).get(kind, 0) for counts in seeds)
                for kind in ("correct", *KINDS)
            }
            gold = sum(count for kind, count in mean.items() if kind not in WITHOUT_GOLD)
            rows.append(
                asdict(combination) | {"seeds": len(runs), "by": by, "group": group, "gold": gold} | mean
            )
    return rows


def error_table(rows: Sequence[dict]) -> Table:
    """All errors of each combination, and its recall among entities seen and unseen in training."""
    by_combination = defaultdict(dict)
    for row in rows:
        by_combination[Combination.of(row)][row["by"], row["group"]] = row
    cells = []
    for combination, groups in by_combination.items():
        row = groups["all", "all"]
        cells.append(
            [
                combination.data,
                combination.encoders,
                combination.system,
                str(row["seeds"]),
                *(f"{row[column]:.1f}" for column in ("gold", "correct", *KINDS)),
                *(_recall(groups.get(key)) for key in (("in training", "seen"), ("in training", "unseen"))),
            ]
        )
    return Table(
        "Errors on the test split: number of entities, means over seeds. Missed: no prediction overlaps the "
        "gold entity; spurious: the prediction overlaps none; surplus: it overlaps one that another fits "
        "better. Recall, in percent, of entities whose words "
        "were an entity in the training split (seen) or not; not in that of a run that it starts from. By "
        "type, length and image in errors.csv.",
        ["data set", "encoders", "fusion", "seeds", "gold", "correct"]
        + [kind.replace("_", " ") for kind in KINDS]
        + ["recall, seen", "recall, unseen"],
        cells,
    )


def _order(group: tuple[str, str]) -> tuple[int, str]:
    return ("all", *GROUPINGS).index(group[0]), group[1]


def _recall(row: dict | None) -> str:
    return ABSENT if not row or not row["gold"] else f"{100 * row['correct'] / row['gold']:.1f}"
