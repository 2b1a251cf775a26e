"""Checkpoints: the whole state of a training run, from which a killed job continues."""

from pathlib import Path
from typing import Any

import torch

from mnerflow.compute.memory import no_memory
from mnerflow.files.checksums import seal, sealed
from mnerflow.files.writing import atomic_path
from mnerflow.log import logger


def save_checkpoint(path: Path, state: dict[str, Any], identity: str) -> None:
    """Write the state atomically, with a checksum, and keep the previous checkpoint.

    ``identity`` names what the state depends on: configuration, code, data and versions of the run.
    """
    with atomic_path(path) as temporary:
        with temporary.open("wb") as file:  # given a path, torch does not report that a disk is full
            torch.save(state | {"identity": identity}, file)
        seal(temporary)
        if path.exists():
            path.replace(_before(path))


def load_checkpoint(path: Path, identity: str) -> dict[str, Any] | None:
    """Read the latest undamaged state.

    A checkpoint that is damaged or has another ``identity`` is skipped. If none is left, returns ``None``,
    which costs time but no result. A lack of memory is raised, as it is no damage.
    """
    for candidate in (path, _before(path)):
        if not candidate.exists():
            continue
        try:
            if not sealed(candidate):
                raise ValueError("its checksum is another")
            state = torch.load(candidate, weights_only=True, map_location="cpu")
        except Exception as error:  # whatever torch raises on a file that it does not trust
            if no_memory(error):
                raise
            logger.warning("%s: damaged checkpoint (%s); it is passed over", candidate, error)
            continue
        if state.get("identity") == identity:
            return state
        logger.warning("%s: of other settings, code, data, versions or machine; it is passed over", candidate)
    return None


def remove_checkpoints(path: Path) -> None:
    """Remove the current and the previous checkpoint."""
    for file in (path, _before(path)):
        file.unlink(missing_ok=True)


def _before(path: Path) -> Path:
    return path.with_suffix(f".before{path.suffix}")
