"""The table of what each fusion mends and breaks beside its baseline, and examples to read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from mnerflow.data.tags import Names, TypeNames
from mnerflow.evaluation.errors import Entity, changes
from mnerflow.evaluation.predictions import Prediction, read_tested
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Combination, Run
from mnerflow.reporting.columns import COMBINATION_COLUMNS, COUNT, DATA, MEAN, MODEL, Column
from mnerflow.reporting.table import Table

MEANINGS = {
    "fixed": "gold entities that only the run finds",
    "broken": "gold entities that only the baseline finds",
    "removed": "wrong entities that only the baseline makes",
    "added": "wrong entities that only the run makes",
}
TABLE = Table(
    "Fixed and broken",
    "Entities on the test split beside the baseline, which lacks the source, means over seeds. Fixed: "
    "{fixed}; broken: {broken}; removed: {removed}; added: {added}.",
    (
        *COMBINATION_COLUMNS,
        Column("source", "source", "what the run reads and its baseline does not"),
        Column("seeds", "seeds", "that both ran with", COUNT),
        Column("type", "type", "entity type, or all"),
        *(Column(change, change, MEANINGS[change], MEAN) for change in MEANINGS),
    ),
    page=(DATA, MODEL, "source", "type", "fixed", "broken"),
    wide=("removed", "added"),
    detail=("seeds",),
)
EXEMPLIFIED = ("fixed", "broken")
EXAMPLES = 200  # of a combination and change: enough to read, and the file stays small at any size of grid


def change_rows(
    files: Mapping[Run, str | Path], baselines: Baselines, names: TypeNames
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Counts, and examples, from each run's predictions of the test split.

    Counts are means over the seeds that both ran with, by type (called as ``names`` says by data set) and for
    ``all``. An example is one gold entity
    that one combination fixed or broke, with the number of ``seeds`` (``of`` all compared) that show it and
    both models' tags in the first; of each combination and change the ``EXAMPLES`` that most seeds show.
    """
    seeds = {one: list(runs) for one, runs in groupby(sorted(files), key=lambda run: run.combination)}
    compared = [(one, *each) for one in seeds for each in baselines.get(one, {}).items()]
    # What has one baseline is compared one after the other: that one's files are then read once for all.
    read = lru_cache(maxsize=2 * max(map(len, seeds.values()), default=0))(read_tested)
    found: dict[tuple[Combination, str], tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    for combination, source, baseline in sorted(compared, key=lambda each: each[2]):
        pairs = [(other, run) for run in seeds[combination] if (other := baseline.run(run.seed)) in files]
        if pairs:
            both = ((read(files[other]), read(files[run])) for other, run in pairs)
            about = asdict(combination) | {"source": source}
            found[combination, source] = _changed(both, about, names.get(combination.dataset, {}))
    in_order = [found[each[:2]] for each in compared if each[:2] in found]
    counts, examples = ([row for part in in_order for row in part[kind]] for kind in (0, 1))
    return counts, examples


def _changed(
    pairs: Iterable[tuple[Sequence[Prediction], Sequence[Prediction]]], about: dict[str, Any], called: Names
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The counts and examples of one combination ``about``, from its baseline's predictions and its own."""
    seeds = 0
    number: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str, Entity], dict[str, Any]] = {}
    for of_baseline, of_run in pairs:
        seeds += 1
        for before, after in zip(of_baseline, of_run, strict=True):
            for what, entity in changes(before, after):
                number.update([(entity.type, what), ("all", what)])
                if what in EXEMPLIFIED:
                    key = before.id, what, entity
                    found.setdefault(key, _example(before, after, what, entity))["seeds"] += 1
    counts, examples = [], []
    for kind in ["all", *sorted({kind for kind, _ in number} - {"all"})]:
        mean = {what: number[kind, what] / seeds for what in MEANINGS}
        counts.append(about | {"seeds": seeds, "type": called.get(kind, kind)} | mean)
    for what in EXEMPLIFIED:
        some = sorted((e for e in found.values() if e["change"] == what), key=lambda e: -e["seeds"])
        examples += [about | {"of": seeds} | example for example in some[:EXAMPLES]]
    return counts, examples


def _example(before: Prediction, after: Prediction, what: str, entity: Entity) -> dict[str, Any]:
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
        "predicted_baseline": before.predicted,
        "predicted_fusion": after.predicted,
    }
