"""The facts in a run's model card, read from its folder and from the studies that it is part of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnerflow.files.checksums import sha256
from mnerflow.files.json_text import read_json
from mnerflow.plan import layout
from mnerflow.plan.names import COMBINATION, Combination, Run
from mnerflow.plan.study import SHARED, config_of
from mnerflow.prediction.runs import root_of
from mnerflow.record import TrainingRecord
from mnerflow.reporting.table_files import read_csv

GRAPHS = "onnx"  # the folder of graphs in an exported folder
MOST_LOST = 0.5  # points of entity F1; a graph that costs more is left out
HUB = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class StudyMean:
    """Mean entity F1 on test over a combination's seeds in a study, and its 95 % interval where known."""

    seeds: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Graph:
    """An ONNX graph, with its results on the test split.

    Attributes:
        file: path of the graph in the exported folder.
        megabytes: size of the file.
        entity_f1: entity F1 of the graph, a fraction.
        difference: the graph's entity F1 minus that of the run itself, both computed in float32.
        words: number of words in the test split.
        words_changed: number of words whose tag differs from the run's.
    """

    file: str
    megabytes: float
    entity_f1: float
    difference: float
    words: int
    words_changed: int

    @property
    def shipped(self) -> bool:
        """Whether the graph is in the folder, because it loses no more than ``MOST_LOST``."""
        return 100 * self.difference >= -MOST_LOST


@dataclass(frozen=True)
class Facts:
    """What is known about a run.

    Attributes:
        scores: scores by split and condition, as in ``scores.json``; empty if the run was not scored.
        dataset: the data set's entry in a study's configuration; empty if no study has one.
        test_sha256: sha256 of the prepared test posts; ``None`` if they are not here.
        mean: mean score in the study with the most seeds; ``None`` if no study with the run has tables here.
    """

    run: Run
    record: TrainingRecord
    scores: Mapping[str, Mapping[str, Mapping[str, Any]]]
    dataset: Mapping[str, Any]
    test_sha256: str | None
    mean: StudyMean | None

    @property
    def title(self) -> str:
        """The data set's title, or its name if it has none."""
        return self.dataset.get("title") or self.run.dataset

    @property
    def base_models(self) -> list[str]:
        """Hub ids of the pretrained models that the run started from."""
        return [found[0] for source in self.record.sources.values() if (found := HUB.match(source))]


def facts_of(folder: Path, record: TrainingRecord) -> Facts:
    """Gather the facts; raises ``UserError`` for a folder outside ``results/runs`` and for a damaged file."""
    root = root_of(folder)
    run = Run.from_folder(folder.absolute())
    scored, tested = folder / "scores.json", root / layout.data(run.dataset, run.filter) / "test.jsonl"
    studies = sorted((root / layout.RESULTS).glob("*/config.yaml"))
    tables = [
        file.with_name("tables") / "grid.csv" for file in studies if file.parent.name not in SHARED
    ]  # published scores come from other trainings
    return Facts(
        run,
        record,
        read_json(scored) if scored.exists() else {},
        _dataset(run.dataset, studies),
        sha256(tested) if tested.exists() else None,
        _mean(run.combination, tables),
    )


def _dataset(name: str, studies: list[Path]) -> Mapping[str, Any]:
    for file in studies:
        known = config_of(file.parent).get("datasets") or {}
        if name in known:
            return known[name]
    return {}


def _mean(combination: Combination, tables: list[Path]) -> StudyMean | None:
    columns = (*COMBINATION, "seeds", "entity_f1_mean", "entity_f1_low", "entity_f1_high")
    rows = [row for table in tables if table.exists() for row in read_csv(table, columns)]
    of_combination = [row for row in rows if Combination.of(row) == combination]
    means = [StudyMean(int(row["seeds"] or 0), *map(_number, _f1(row))) for row in of_combination]
    return max(means, key=lambda mean: (mean.seeds, mean.low is not None), default=None)


def _f1(row: Mapping[str, str | None]) -> list[str | None]:
    return [row[f"entity_f1_{name}"] for name in ("mean", "low", "high")]


def _number(cell: str | None) -> Any:
    return None if cell is None else float(cell)
