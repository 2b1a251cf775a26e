"""Bring the records of results that an earlier version made up to date; predictions stay as they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from mnerflow.errors import UserError
from mnerflow.files import read_text, sha256, write_text
from mnerflow.publishing.checksums import SUMS, read_sums, sums_text
from mnerflow.record import RECORD
from mnerflow.yaml_file import read_yaml


def _code(record: dict[str, Any]) -> None:
    """The commit stood alone, ``-dirty`` appended, before there were fingerprints of modules beside it."""
    if "git_commit" in record:
        commit = record.pop("git_commit") or ""
        record["code"] = {"commit": commit.removesuffix("-dirty") or None, "dirty": commit.endswith("-dirty")}


# What changed in records, the oldest first; each step leaves a newer record as it is.
STEPS: tuple[Callable[[dict[str, Any]], None], ...] = (_code,)


def migrate(folder: Path) -> tuple[int, int]:
    """Rewrite each ``run.yaml`` below ``folder/runs`` that is older; returns how many, and of how many.

    Checksums that a published folder lists follow. Raises ``UserError`` when a record is none, or is not what
    the checksums say.
    """
    records = sorted((folder / "runs").rglob(RECORD))
    if not records:
        raise UserError(f"{folder}: holds no runs. Name a folder of results, as `results`.")
    listed = folder / SUMS
    sums = read_sums(folder, read_text(listed)) if listed.exists() else {}
    migrated = {}
    for path in records:
        name = path.relative_to(folder).as_posix()
        if sums and sums.get(name) != sha256(path):
            raise UserError(f"{path}: changed since {SUMS} was written. Fetch it again.")
        record = read_yaml(path, "record of a run", "Remove its folder.")
        before = yaml.safe_dump(record)
        for step in STEPS:
            step(record)
        if yaml.safe_dump(record) != before:
            migrated[path] = record
    for path, record in migrated.items():
        write_text(path, yaml.safe_dump(record, sort_keys=False, allow_unicode=True))
        sums[path.relative_to(folder).as_posix()] = sha256(path)
    if listed.exists():
        write_text(listed, sums_text(sums))
    return len(migrated), len(records)
