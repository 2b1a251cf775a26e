"""A trained run, found and read as its ``run.yaml`` tells it."""

import os
from pathlib import Path
from typing import Any

from mnerflow.config import RunConfig, build
from mnerflow.errors import UserError, listed, suggest
from mnerflow.evaluation.scores import read_scores
from mnerflow.plan.kept_weights import MODEL, was_dropped
from mnerflow.plan.names import FILTERS_OFF, Run
from mnerflow.plan.study import SHARED
from mnerflow.record import RECORD, TrainingRecord


def trained_run(folder: Path) -> tuple[RunConfig, TrainingRecord]:
    """What the run in ``folder``, ``results/runs/<…>/seed<k>``, was trained with, and its record.

    The folders of its pretrained weights are found from anywhere. Raises ``UserError`` when it has no weights
    or record, or was trained with a filter.
    """
    if was_dropped(folder):
        raise UserError(
            f"{folder}: its weights were dropped once it had predicted, as keep_weights says. With the same "
            f"configuration, `snakemake --config keep_weights=all -- {folder / MODEL}` trains it again."
        )
    if not (folder / MODEL).is_file():
        raise UserError(
            f"{folder}: no {MODEL}. Name the folder of a run that was trained here (`mnerflow runs` lists "
            "them): a published one has no weights, `--config published=` trains it."
        )
    named = Run.from_folder(folder.absolute())
    if named.filter != FILTERS_OFF:
        raise UserError(
            f"{folder}: trained with the filter {named.filter!r}, which hides tokens. Name a run without one."
        )
    record = TrainingRecord.read(folder / RECORD, "Train the run again.")
    return build(RunConfig, _rooted(record.config, _root(folder)), str(folder / RECORD)), record


def best_trained_run(dataset: str, results: Path, study: str | None = None) -> tuple[Path, float]:
    """The run on a data set with the best entity F1 on dev of those with weights, and this F1.

    Without the name of a study, all studies below ``results`` are looked through. Raises ``UserError`` when
    none has such a run.
    """
    files = [results / study / "scores.csv"] if study else sorted(results.glob("*/scores.csv"))
    files = [
        file for file in files if file.parent.name not in SHARED
    ]  # published are those of other trainings
    rows = [row for file in files for row in read_scores(file) if row["split"] == "dev"]
    known = {row["dataset"] for row in rows}
    if dataset not in known:
        raise UserError(
            f"{results}: no study has finished a run on {dataset!r}{suggest(dataset, known)}. Finished are "
            f"runs on: {listed(sorted(known)) or 'nothing'}. Name a run's folder; `mnerflow runs` lists them."
        )
    scores = {
        results / "runs" / Run.of(row).path: row["entity_f1"]
        for row in rows
        if row["dataset"] == dataset and row["filter"] == FILTERS_OFF
    }
    kept = {folder: score for folder, score in scores.items() if (folder / MODEL).is_file()}
    if not kept:
        raise UserError(
            f"{results}: of {len(scores)} runs on {dataset!r} none has its weights here. Train one: with the "
            "same configuration, `snakemake --config keep_weights=best published=`."
        )
    return max(kept.items(), key=lambda found: found[1])


def _root(folder: Path) -> Path:
    """Where the workflow of a run works: the folder above ``results/runs/…``, a link not followed."""
    above = Path(os.path.abspath(folder)).parents  # noqa: PTH100
    if len(above) < 7 or (above[5].name, above[4].name) != ("results", "runs"):
        raise UserError(f"{folder}: not below results/runs. Name the run where the workflow keeps it.")
    return above[6]


def _rooted(values: dict[str, Any], root: Path) -> dict[str, Any]:
    """The values of a ``RunConfig`` with folders of weights below ``root``, wherever it is called from."""
    rooted = dict(values)
    for name in ("text_encoder", "image_encoder", "vision_language_encoder"):
        part = values.get(name) or {}
        if part.get("weights"):
            rooted[name] = part | {"weights": str(root / part["weights"])}
    return rooted
