"""What may leave this machine of a run's record and of the files of pretrained weights: no path, no post."""

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from mnerflow.files import parse_json, read_text, write_json
from mnerflow.record import TrainingRecord

_PATH = re.compile(r"(path:)?(~|/|[A-Za-z]:[\\/]|\\\\)")


def without_paths(value: Any) -> Any:
    """Plain values, of each path of this machine but its last part, as ``path:minilm``."""
    if isinstance(value, dict):
        return {without_paths(key): without_paths(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_paths(inner) for inner in value]
    if isinstance(value, str) and (found := _PATH.match(value)):
        scheme, start = found[1] or "", found[2]
        parts = (PurePosixPath if start in "~/" else PureWindowsPath)(value.removeprefix(scheme)).parts
        if scheme or start != "/" or len(parts) > 2:  # `/s` may be a subword
            return f"{scheme}{parts[-1]}"
    return value


def public_record(record: TrainingRecord) -> TrainingRecord:
    """The record without paths of this machine, and without ids of posts."""
    values = without_paths(record.model_dump())
    return TrainingRecord.model_validate(values | {"posts_left_out": [], "weights_from": {}})


def clean_descriptions(folder: Path) -> None:
    """Take paths of this machine out of the settings of models and tokenizers below ``folder``."""
    for file in sorted(folder.rglob("*config.json")):
        try:
            values = parse_json(read_text(file))
        except ValueError:  # not ours to mend
            continue
        if (cleaned := without_paths(values)) != values:
            write_json(file, cleaned)
