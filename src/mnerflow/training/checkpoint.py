"""A training run's whole state, so that a killed job goes on where it stopped."""

from pathlib import Path
from typing import Any

import torch

from mnerflow.files import atomic_path
from mnerflow.log import logger


def save_checkpoint(path: Path, state: dict[str, Any], identity: str) -> None:
    """Write the state atomically; a kill while writing leaves the checkpoint before.

    ``identity`` names what the state depends on: configuration, code and data of the run.
    """
    with atomic_path(path) as temporary:
        torch.save(state | {"identity": identity}, temporary)


def load_checkpoint(path: Path, identity: str) -> dict[str, Any] | None:
    """Read a state; ``None`` when there is none, it cannot be read or has another ``identity``.

    That costs time but no result.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # whatever torch raises on damaged bytes
        logger.warning("%s: damaged checkpoint (%s), training starts anew", path, error)
        return None
    if state.get("identity") != identity:
        logger.warning("%s: of another configuration, code or data, training starts anew", path)
        return None
    return state
