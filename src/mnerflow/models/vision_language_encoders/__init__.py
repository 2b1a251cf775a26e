"""Encoders of text and image together: one class per file, named after the `kind` of the configuration."""

from pathlib import Path
from typing import Any, Self

from mnerflow.models.encoder import Encoder


class VisionLanguageEncoder(Encoder):
    """An encoder whose words see the images of their post, and which can also run without images."""

    @classmethod
    def create(cls, config: Any, size: int, weights: Path | None) -> Self:
        """Build the encoder that training starts from.

        ``size`` is the side of images in pixels; 0 means no images.
        """
        raise NotImplementedError

    @classmethod
    def restore(cls, config: Any, size: int, weights: Path | None, metadata: dict[str, Any]) -> Self:
        """Rebuild the encoder that ``metadata`` was saved for; its trained weights are loaded afterwards."""
        raise NotImplementedError
