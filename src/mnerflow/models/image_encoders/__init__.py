"""Image encoders: one class a file; the file's name is the `kind` of the configuration."""

from pathlib import Path
from typing import Any, Self

from torch import Tensor, nn

from mnerflow.config import ImageConfig
from mnerflow.models.parts import load_encoder, options_of


class ImageEncoder(nn.Module):
    """Maps images to patch vectors. ``d_model`` is their size."""

    d_model: int

    @classmethod
    def create(cls, config: Any, size: int, weights: Path | None) -> Self:
        """Make the encoder for ``size`` × ``size`` pixels, pretrained when there is a weights folder."""
        raise NotImplementedError

    def forward(self, pixels: Tensor) -> Tensor:
        """Map ``(images, height, width, 3)`` uint8 to ``(images, patches, d_model)``."""
        raise NotImplementedError


def new_image_encoder(image: ImageConfig) -> ImageEncoder:
    """Make an image encoder from its configuration, pretrained where that names weights.

    Raises ``UserError`` when it cannot be made of its options and weights.
    """
    cls, config, weights = load_encoder("image_encoders", image, ImageEncoder)
    with options_of(f"image encoder {image.kind!r}"):
        return cls.create(config, image.size, weights)


class Features(ImageEncoder):
    """Stands in for a frozen encoder whose patch vectors were computed before training."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.d_model = d_model

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the features, stored as fp16, in fp32: not all hardware has autocast to mix them."""
        return pixels.float()


def normalize(pixels: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Scale uint8 ``(images, height, width, 3)`` to 0..1, subtract ``mean`` and divide by ``std``.

    ``mean`` and ``std`` are ``(3, 1, 1)``. Returns fp32 ``(images, 3, height, width)``, its channels last in
    memory, as convolutions like it.
    """
    return (pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std
