"""Trained runs, found and read according to their ``run.yaml``."""

import os
from pathlib import Path
from typing import Any

from mnerflow.config import RunConfig, build
from mnerflow.errors import UserError, listed, quantity, suggest
from mnerflow.evaluation.scores import read_scores
from mnerflow.plan.kept_weights import dev_score, was_dropped
from mnerflow.plan.layout import MODEL
from mnerflow.plan.names import FILTERS_OFF, Run
from mnerflow.plan.study import SHARED, file_of_study
from mnerflow.record import RECORD, TrainingRecord

PRETRAINED = ("text_encoder", "image_encoder", "vision_language_encoder")  # parts with pretrained weights


def trained_run(folder: Path) -> tuple[RunConfig, TrainingRecord]:
    """Read the configuration and the record of the run in ``folder``.

    The folder is ``results/runs/<…>/seed<k>`` or that of an exported run. The folders of its pretrained
    weights are found from any working directory. Raises ``UserError`` if it has no weights or record, or was
    trained with a filter.
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
    if not (folder / RECORD).exists() and (folder / "config.json").exists():
        raise UserError(
            f"{folder}: a plain model of transformers. Load it with `pipeline`, as its README.md says, or "
            "name the run that it was exported from."
        )
    record = TrainingRecord.read(folder / RECORD)
    if record.filter != FILTERS_OFF:
        raise UserError(
            f"{folder}: trained with the filter {record.filter!r}, which hides tokens. Name a run without "
            "one."
        )
    return build(RunConfig, _rooted(record.config, folder), str(folder / RECORD)), record


def best_trained_run(dataset: str, results: Path, study: str | None = None) -> tuple[Path, float]:
    """The run on a data set with the highest entity F1 on dev, among those with weights, and this F1.

    Without the name of a study, all studies below ``results`` are searched. Raises ``UserError`` if none has
    such a run, or if a run with weights has no valid record.
    """
    files = [file_of_study(results / study, "scores.csv")] if study else sorted(results.glob("*/scores.csv"))
    files = [
        file for file in files if file.parent.name not in SHARED
    ]  # published scores come from other trainings
    rows = [row for file in files for row in read_scores(file) if row["split"] == "dev"]
    known = {row["dataset"] for row in rows}
    if dataset not in known:
        raise UserError(
            f"{results}: no study has finished a run on {dataset!r}{suggest(dataset, known)}. Finished are "
            f"runs on: {listed(sorted(known)) or 'nothing'}. Name a run's folder; `mnerflow runs` lists them."
        )
    folders = {
        results / "runs" / Run.of(row).path
        for row in rows
        if row["dataset"] == dataset and row["filter"] == FILTERS_OFF
    }
    # Scored by what its folder records: the table of a study may be about weights that another replaced.
    kept = {folder: dev_score(folder) for folder in sorted(folders) if (folder / MODEL).is_file()}
    if not kept:
        raise UserError(
            f"{results}: of {quantity(len(folders), 'run')} on {dataset!r} none has its weights here. "
            "Train one: with the same configuration, `snakemake --config keep_weights=best published=`."
        )
    return max(kept.items(), key=lambda found: found[1])


def root_of(folder: Path) -> Path:
    """The working directory of a run's workflow: the folder above ``results/runs/…``.

    Links are not followed. Raises ``UserError`` for a folder that is not below ``results/runs``.
    """
    above = Path(os.path.abspath(folder)).parents  # noqa: PTH100
    if len(above) < 7 or (above[5].name, above[4].name) != ("results", "runs"):
        raise UserError(f"{folder}: not below results/runs. Name the run where the workflow keeps it.")
    return above[6]


def _rooted(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The values of a ``RunConfig``, with full paths of pretrained weights.

    They lie inside the ``folder`` of an exported run, otherwise below the working directory of the workflow.
    """
    parts = {name: values[name] for name in PRETRAINED if (values.get(name) or {}).get("weights")}
    if not parts:
        return values
    exported = all((folder / part["weights"]).is_dir() for part in parts.values())
    root = folder if exported else root_of(folder)
    return values | {name: part | {"weights": str(root / part["weights"])} for name, part in parts.items()}
