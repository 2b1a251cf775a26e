"""Which runs already exist with the requested settings: published, trained or finished.

The number of threads is no such setting, since it changes no more than another processor does. Where a run
was trained, Snakemake still trains it again if that number changes.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from mnerflow.code.fingerprint import fingerprint
from mnerflow.config import RunConfig, build
from mnerflow.errors import UserError, quantity
from mnerflow.evaluation.predictions import PREDICTIONS
from mnerflow.plan.kept_weights import DROPPED
from mnerflow.plan.layout import MODEL
from mnerflow.plan.names import Run
from mnerflow.plan.settings import images_read, run_config, sources, training_modules
from mnerflow.publishing.checksums import check_sums
from mnerflow.record import RECORD, Code, TrainingRecord
from mnerflow.record.origin import PACKAGES, versions


def is_published(published: Path, run: Run, config: dict[str, Any]) -> bool:
    """Whether a run is published that was trained with the settings and weights that ``config`` gives it.

    Raises ``UserError`` if ``published`` contains no runs at all, or if this one is damaged.
    """
    if not (published / "runs").is_dir():
        raise UserError(
            f"published: {published} holds no runs. Correct the path, or train all: `--config published=`."
        )
    folder = published / "runs" / run.path
    if not folder.exists():
        return False
    if (folder / RECORD).exists() and _has_settings(folder / RECORD, run, config):
        return True
    check_sums(published, folder)  # a damaged run would otherwise be silently trained again
    return False


def trained_with_other_versions(published: Path, runs: Iterable[Run], config: dict[str, Any]) -> list[Run]:
    """Published runs that were made by other code, or other versions of packages, than the current ones."""
    here, print_of, found = versions(PACKAGES), cache(fingerprint), []
    for run in runs:
        record = TrainingRecord.read(published / "runs" / run.path / RECORD, "Fetch it again.")
        code = Code(modules={name: print_of(name) for name in training_modules(run_config(config, run))})
        packages = {name: record.versions.get(name) for name in here}
        if packages != here or not code.same_as(record.code):
            found.append(run)
    return found


def is_trained(results: Path, run: Run, config: dict[str, Any]) -> bool:
    """Whether a run was trained in ``results`` with what ``config`` gives it, with or without its weights."""
    return any(_holds(results, run, config, name) for name in (MODEL, DROPPED))


def is_finished(results: Path, run: Run, config: dict[str, Any]) -> bool:
    """Whether ``results`` has the predictions of a run trained with what ``config`` gives it."""
    return _holds(results, run, config, PREDICTIONS)


def check_records(results: Path, runs: Iterable[Run], config: dict[str, Any]) -> None:
    """Raise ``UserError`` if a run in ``results`` was trained with other settings than ``config``'s."""
    there = [run for run in runs if (results / "runs" / run.path / RECORD).exists()]
    if others := [run for run in there if not _holds(results, run, config, RECORD)]:
        raise UserError(
            f"{results / 'runs' / others[0].path}: trained with other settings than the configuration gives "
            f"it, or by an earlier version (so {quantity(len(others), 'run')}). Remove its folder to train "
            "the run again, or correct the settings."
        )


def _holds(results: Path, run: Run, config: dict[str, Any], name: str) -> bool:
    folder = results / "runs" / run.path
    if not (folder / name).exists() or not (folder / RECORD).exists():
        return False
    try:
        return _has_settings(folder / RECORD, run, config)
    except UserError:  # an incomplete or older record: the run is trained again or taken over
        return False


def _has_settings(record: Path, run: Run, config: dict[str, Any]) -> bool:
    about = TrainingRecord.read(record, "Fetch it again.")
    try:
        trained = build(RunConfig, about.config, run.path)
    except UserError:  # it was trained with settings that no longer exist
        return False
    wanted = build(RunConfig, run_config(config, run), run.path)
    same_threads = replace(trained, training=replace(trained.training, threads=wanted.training.threads))
    return (
        same_threads == wanted
        and about.sources == sources(config, run.text_encoder, run.image_encoder)
        and (about.images and about.images.model_dump())
        == images_read(config, run.dataset, run.image_encoder)
    )
