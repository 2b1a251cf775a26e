"""Data sets in a user's own folders: where they lie, and which entity types they have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnerflow.config import build, settings_of
from mnerflow.config.datasets import Dataset
from mnerflow.data.config import FOUND, PrepareConfig
from mnerflow.data.prepare import types_found
from mnerflow.files.paths import expanded


def resolve(datasets: Mapping[str, dict[str, Any]]) -> None:
    """Expand the folders in the entries of ``datasets``, and replace the types ``auto`` by those found.

    Raises ``UserError`` if a file that is read for its types is malformed, and for an entry that the types
    found contradict.
    """
    for name, entry in datasets.items():
        if "folder" in entry:
            entry["folder"] = str(expanded(entry["folder"]))
            if entry["types"] == FOUND and Path(entry["folder"]).is_dir():
                config = build(PrepareConfig, settings_of(PrepareConfig, entry))
                entry["types"] = types_found(config, Path(entry["folder"]))
                build(Dataset, entry, f"datasets.{name}")
