"""The table of what each fusion mends and breaks beside its baseline, and examples to read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from mnerflow.data.tags import TypeNames
from mnerflow.evaluation.errors import Entity, changes
from mnerflow.evaluation.predictions import Prediction, read_tested
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Run
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
) -> tuple[list[dict], list[dict]]:
    """Counts, and examples, from each run's predictions of the test split.

    Counts are means over the seeds that both ran with, by type (called as ``names`` says by data set) and for
    ``all``. An example is one gold entity
    that one combination fixed or broke, with the number of ``seeds`` (``of`` all compared) that show it and
    both models' tags in the first; of each combination and change the ``EXAMPLES`` that most seeds show.
    """
    read = lru_cache(maxsize=8)(read_tested)
    counts, examples = [], []
    seeds = {one: list(runs) for one, runs in groupby(sorted(files), key=lambda run: run.combination)}
    compared = ((one, *each) for one in seeds for each in baselines.get(one, {}).items())
    for combination, source, baseline in compared:
        pairs = [(other, run) for run in seeds[combination] if (other := baseline.run(run.seed)) in files]
        if not pairs:
            continue
        called = names.get(combination.dataset, {})
        about = asdict(combination) | {"source": source}
        number: Counter[tuple[str, str]] = Counter()
        found: dict[tuple[str, str, Entity], dict] = {}
        for other, run in pairs:
            for before, after in zip(read(files[other]), read(files[run]), strict=True):
                for what, entity in changes(before, after):
                    number.update([(entity.type, what), ("all", what)])
                    if what in EXEMPLIFIED:
                        key = before.id, what, entity
                        found.setdefault(key, _example(before, after, what, entity))["seeds"] += 1
        for kind in ["all", *sorted({kind for kind, _ in number} - {"all"})]:
            mean = {what: number[kind, what] / len(pairs) for what in MEANINGS}
            counts.append(about | {"seeds": len(pairs), "type": called.get(kind, kind)} | mean)
        for what in EXEMPLIFIED:
            some = sorted((e for e in found.values() if e["change"] == what), key=lambda e: -e["seeds"])
            examples += [about | {"of": len(pairs)} | example for example in some[:EXAMPLES]]
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
        "predicted_baseline": before.predicted,
        "predicted_fusion": after.predicted,
    }
