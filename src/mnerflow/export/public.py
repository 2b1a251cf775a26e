"""Records and files of pretrained weights without the paths and secrets of this machine."""

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from mnerflow.files.json_text import parse_json, write_json
from mnerflow.files.reading import read_text
from mnerflow.record import TrainingRecord
from mnerflow.secrets import hide

_PATH = re.compile(r"(path:)?(~|/|[A-Za-z]:[\\/]|\\\\)")


def public(value: Any) -> Any:
    """Plain values without secrets, with paths of this machine cut to their last part: ``path:minilm``."""
    if isinstance(value, dict):
        return {public(key): public(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [public(inner) for inner in value]
    if not isinstance(value, str):
        return value
    if found := _PATH.match(value):
        scheme, start = found[1] or "", found[2]
        parts = (PurePosixPath if start in "~/" else PureWindowsPath)(value.removeprefix(scheme)).parts
        if scheme or start != "/" or len(parts) > 2:  # `/s` may be a subword
            value = f"{scheme}{parts[-1]}"
    return hide(value)


def public_record(record: TrainingRecord) -> TrainingRecord:
    """The record without the paths and secrets of this machine, and without ids of posts."""
    values = public(record.model_dump())
    return TrainingRecord.model_validate(values | {"posts_left_out": [], "weights_from": {}})


def clean_descriptions(folder: Path) -> None:
    """Remove paths and secrets from the settings of models and tokenizers below ``folder``."""
    for file in sorted(folder.rglob("*config.json")):
        try:
            values = parse_json(read_text(file))
        except ValueError:  # not ours to fix
            continue
        if (cleaned := public(values)) != values:
            write_json(file, cleaned)
