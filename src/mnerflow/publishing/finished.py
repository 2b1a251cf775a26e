"""Which runs are there already: published, trained or finished, with the settings that are asked for."""

from pathlib import Path
from typing import Any

from mnerflow.config import RunConfig, build
from mnerflow.errors import UserError
from mnerflow.grid import Run, images_read, run_config, sources
from mnerflow.record import read_record

NEEDED = ("config", "sources", "data_sha256")
MODEL = "model.safetensors"


def is_published(published: Path, run: Run, config: dict[str, Any]) -> bool:
    """Whether a run is published that was trained with the settings and weights that ``config`` gives it.

    Raises ``UserError`` when ``published`` holds no runs at all, or not the record of one.
    """
    if not (published / "runs").is_dir():
        raise UserError(
            f"published: {published} holds no runs. Correct the path, or train all: `--config published=`."
        )
    record = published / "runs" / run.path / "run.yaml"
    return record.exists() and _has_settings(record, run, config)


def is_trained(results: Path, run: Run, config: dict[str, Any]) -> bool:
    """Whether ``results`` has the model of a run that was trained with what ``config`` gives it."""
    return _holds(results, run, config, MODEL)


def is_finished(results: Path, run: Run, config: dict[str, Any]) -> bool:
    """Whether ``results`` has the predictions of a run that was trained with what ``config`` gives it."""
    return _holds(results, run, config, "predictions.test.jsonl")


def _holds(results: Path, run: Run, config: dict[str, Any], name: str) -> bool:
    folder = results / "runs" / run.path
    if not (folder / name).exists() or not (folder / "run.yaml").exists():
        return False
    try:
        return _has_settings(folder / "run.yaml", run, config)
    except UserError:  # half a record, or one of an older version: it is trained anew or taken over
        return False


def _has_settings(record: Path, run: Run, config: dict[str, Any]) -> bool:
    about = read_record(record, NEEDED, "Fetch it again.")
    try:
        trained = build(RunConfig, about["config"], run.path)
    except UserError:  # settings that there were when it was trained, and are no more
        return False
    wanted = build(RunConfig, run_config(config, run), run.path)
    return (
        trained == wanted
        and about["sources"] == sources(config, run.text_encoder, run.image_encoder)
        and about.get("images") == images_read(config, run.dataset, run.image_encoder)
    )
