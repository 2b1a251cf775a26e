"""``run.yaml``: what a run says of itself."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from mnerflow.errors import UserError
from mnerflow.files import read_text


def read_record(path: str | Path, needed: Collection[str], remedy: str) -> dict[str, Any]:
    """Read a run's ``run.yaml``.

    Raises ``UserError`` naming the file, and the ``remedy``, when it is missing, is no record of a run, or
    lacks one of the keys that are ``needed``.
    """
    try:
        record = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: no record of a run ({error}). {remedy}") from error
    if not isinstance(record, dict):
        raise UserError(f"{path}: no record of a run. {remedy}")
    if missing := sorted(set(needed) - record.keys()):
        raise UserError(f"{path}: {', '.join(missing)} missing in the record of a run. {remedy}")
    return record
