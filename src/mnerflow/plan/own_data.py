"""Data sets in folders of a user's own: where they lie, and which entity types they have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnerflow.config import build, settings_of
from mnerflow.data.config import FOUND, PrepareConfig
from mnerflow.data.prepare import types_found
from mnerflow.files import expanded


def resolve(datasets: Mapping[str, dict[str, Any]]) -> None:
    """Expand the folders of the entries of ``datasets``, and put the types that are found for ``auto``.

    Raises ``UserError`` for what is malformed in the files that are read for their types.
    """
    for entry in datasets.values():
        if "folder" in entry:
            entry["folder"] = str(expanded(entry["folder"]))
            if entry["types"] == FOUND and Path(entry["folder"]).is_dir():
                config = build(PrepareConfig, settings_of(PrepareConfig, entry))
                entry["types"] = types_found(config, Path(entry["folder"]))
