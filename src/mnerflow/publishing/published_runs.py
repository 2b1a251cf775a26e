"""The files of a published run: ``run.yaml``, ``history.csv``, and predictions without the posts' words."""

from pathlib import Path

from mnerflow.evaluation.predictions import PREDICTIONS, Predictions, read_predictions, write_predictions
from mnerflow.files.reading import read_text
from mnerflow.files.writing import write_text
from mnerflow.plan.names import Run
from mnerflow.publishing.packed import PACKED, read_packed, write_packed
from mnerflow.record import RECORD, TrainingRecord

RECORDS = (RECORD, "history.csv")


def runs_below(folder: Path) -> list[Run]:
    """The runs that have a record below ``folder``."""
    return sorted(Run.from_folder(record.parent) for record in (folder / "runs").rglob(RECORD))


def pack_run(folder: Path, packed: Path) -> None:
    """Write the files of a finished run into ``packed``, the folder of the published run."""
    for name in RECORDS:
        write_text(packed / name, read_text(folder / name))
    write_packed(packed / PACKED, read_predictions(folder / PREDICTIONS))


def read_run(packed: Path) -> tuple[TrainingRecord, Predictions]:
    """The record and the predictions of a published run, with empty words.

    Raises ``UserError`` as ``TrainingRecord.read`` and ``read_packed`` do.
    """
    return TrainingRecord.read(packed / RECORD, "Fetch it again."), read_packed(packed / PACKED)


def write_run(packed: Path, folder: Path, predictions: Predictions) -> None:
    """Write a published run's records, and these ``predictions``, into the folder of a finished run."""
    write_predictions(folder / PREDICTIONS, predictions)
    for name in RECORDS:
        write_text(folder / name, read_text(packed / name))
