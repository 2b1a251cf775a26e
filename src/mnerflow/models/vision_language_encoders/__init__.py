"""Encoders of text and image at once: one class a file; the file's name is the `kind`."""

from pathlib import Path
from typing import Any, Self

from mnerflow.models.encoder import Encoder


class VisionLanguageEncoder(Encoder):
    """An encoder whose words see the images of their post, and which can be shown none."""

    @classmethod
    def create(cls, config: Any, size: int, weights: Path | None) -> Self:
        """Make the encoder as training starts from it, for images of ``size`` pixels a side; 0 for none."""
        raise NotImplementedError

    @classmethod
    def restore(cls, config: Any, size: int, weights: Path | None, metadata: dict[str, Any]) -> Self:
        """Make the encoder with the shape it had when ``metadata`` was saved, weights still to be loaded."""
        raise NotImplementedError
