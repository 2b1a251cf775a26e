"""Tables of errors: how many of each kind, and what each fusion mends or breaks beside its twin."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from statistics import fmean

from mnerflow.evaluation.errors import (
    CHANGES,
    GROUPINGS,
    KINDS,
    WITHOUT_GOLD,
    Context,
    Entity,
    changes,
    count_errors,
)
from mnerflow.evaluation.evidence import twin_of
from mnerflow.evaluation.predictions import Prediction, read_predictions
from mnerflow.grid import COMBINATION, Combination, Run
from mnerflow.reporting.render import ABSENT, Table

COLUMNS = (*COMBINATION, "seeds", "by", "group", "gold", "correct", *KINDS)
CHANGE_COLUMNS = (*COMBINATION, "seeds", "type", *CHANGES)
EXEMPLIFIED = ("fixed", "broken")
EXAMPLES = 200  # of a combination and change: enough to read, and the file stays small at any size of grid
Files = Mapping[Run, str | Path]  # each run's predictions of the test split
Contexts = Mapping[tuple[str, str], Context]


def error_rows(files: Files, contexts: Contexts) -> list[dict]:
    """Errors on the test split by combination, grouping and group, means over seeds.

    ``gold`` counts gold entities: ``correct`` and all errors but those without one. ``contexts`` are by data
    set and filter.
    """
    rows = []
    for combination, runs in _combinations(files):
        seeds = [
            count_errors(read_predictions(files[run]), contexts[run.dataset, run.filter]) for run in runs
        ]
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
                combination.fusion,
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


def change_rows(files: Files, twins: Mapping[str, str | None]) -> tuple[list[dict], list[dict]]:
    """What each fusion mends and breaks beside its text-only twin: counts, and examples.

    Counts are means over the seeds that both ran with, by type and for ``all``. An example is one gold entity
    that one combination fixed or broke, with the number of ``seeds`` (``of`` all compared) that show it and
    both models' tags in the first; of each combination and change the ``EXAMPLES`` that most seeds show.
    """
    read = lru_cache(maxsize=8)(read_predictions)
    counts, examples = [], []
    for combination, runs in _combinations(files):
        pairs = [(twin, run) for run in runs if (twin := twin_of(run, twins)) in files]
        if not pairs:
            continue
        number: Counter[tuple[str, str]] = Counter()
        found: dict[tuple[str, str, Entity], dict] = {}
        for twin, run in pairs:
            for before, after in zip(read(files[twin]), read(files[run]), strict=True):
                for what, entity in changes(before, after):
                    number.update([(entity.type, what), ("all", what)])
                    if what in EXEMPLIFIED:
                        key = before.id, what, entity
                        found.setdefault(key, _example(before, after, what, entity))["seeds"] += 1
        for kind in ["all", *sorted({kind for kind, _ in number} - {"all"})]:
            mean = {what: number[kind, what] / len(pairs) for what in CHANGES}
            counts.append(asdict(combination) | {"seeds": len(pairs), "type": kind} | mean)
        for what in EXEMPLIFIED:
            some = sorted((e for e in found.values() if e["change"] == what), key=lambda e: -e["seeds"])
            examples += [asdict(combination) | {"of": len(pairs)} | example for example in some[:EXAMPLES]]
    return counts, examples


def _example(before: Prediction, after: Prediction, what: str, entity: Entity) -> dict:
    return {
        "seeds": 0,
        "change": what,
        "id": before.id,
        "type": entity.type,
        "start": entity.start,
        "end": entity.end,
        "words": before.tokens[entity.start : entity.end],
        "tokens": before.tokens,
        "gold": before.labels,
        "predicted_text_only": before.predicted,
        "predicted_fusion": after.predicted,
    }


def _combinations(files: Files) -> Iterator[tuple[Combination, list[Run]]]:
    for combination, runs in groupby(sorted(files), key=lambda run: run.combination):
        yield combination, list(runs)


def _order(group: tuple[str, str]) -> tuple[int, str]:
    return ("all", *GROUPINGS).index(group[0]), group[1]


def _recall(row: dict | None) -> str:
    return ABSENT if not row or not row["gold"] else f"{100 * row['correct'] / row['gold']:.1f}"
