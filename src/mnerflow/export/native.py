"""A run that mnerflow loads without a download: record, weights, and files of its pretrained encoders."""

import shutil
from pathlib import Path

from mnerflow.config import RunConfig
from mnerflow.data.tags import tag_list
from mnerflow.export.public import public_record
from mnerflow.files.json_text import write_json
from mnerflow.plan.layout import MODEL
from mnerflow.prediction.runs import PRETRAINED
from mnerflow.record import RECORD, TrainingRecord


def save_native(run: Path, config: RunConfig, record: TrainingRecord, folder: Path) -> None:
    """Write a run's record and weights into ``folder``, and each encoder's files into a subfolder.

    Args:
        run: folder of the run.
        config: the run's configuration, with the local paths of its pretrained weights.
        record: record of the run.
        folder: an empty folder.
    """
    shutil.copyfile(run / MODEL, folder / MODEL)
    values = dict(public_record(record).config)
    for name in PRETRAINED:
        part = getattr(config, name)
        if part and part.weights:
            _copy(Path(part.weights), folder / name)
            values[name] = values[name] | {"weights": name}
    public_record(record.model_copy(update={"config": values})).write(folder / RECORD)
    tags = dict(enumerate(tag_list(config.entity_types)))
    labels = {"id2label": tags, "label2id": {tag: index for index, tag in tags.items()}}
    write_json(folder / "config.json", {"library_name": "mnerflow"} | labels)  # hubs count its downloads


def _copy(weights: Path, folder: Path) -> None:
    """Copy the files of a pretrained model, following links, but not those that tell where it came from."""
    folder.mkdir()
    for file in sorted(weights.glob("[!.]*")):
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
