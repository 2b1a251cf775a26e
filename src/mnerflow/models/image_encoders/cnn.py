"""An AlexNet-style convolutional network, trained from scratch."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from mnerflow.errors import UserError
from mnerflow.models.image_encoders import ImageEncoder, normalize, without_strides


@dataclass(frozen=True)
class Config:
    """Options of a ``cnn`` image encoder.

    Attributes:
        channels: output channels of the five convolutions; AlexNet has 64, 192, 384, 256, 256.
        stem: kernel size and stride of the first convolution; AlexNet has 11 and 4, for 224 pixels.
        dropout: share of patch values dropped in training.
    """

    channels: tuple[int, int, int, int, int] = (64, 192, 384, 256, 256)
    stem: tuple[int, int] = (11, 4)
    dropout: float = 0.1


class CNN(ImageEncoder):
    """Five convolutions and three poolings, with the last feature map kept as patches.

    The layers are those of AlexNet (Krizhevsky, Sutskever and Hinton 2012), with batch normalization instead
    of local response normalization.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        kernel, stride = config.stem
        first, second, third, fourth, fifth = config.channels

        def block(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
            convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
            return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

        self.layers = nn.Sequential(
            *block(3, first, kernel, stride),
            nn.MaxPool2d(3, 2, 1),
            *block(first, second, 5),
            nn.MaxPool2d(3, 2, 1),
            *block(second, third, 3),
            *block(third, fourth, 3),
            *block(fourth, fifth, 3),
            nn.MaxPool2d(3, 2, 1),
            nn.Dropout(config.dropout),
        )
        self.d_model = fifth
        without_strides(self.to(memory_format=torch.channels_last))
        self.register_buffer("mean", torch.full((3, 1, 1), 0.5), persistent=False)
        self.register_buffer("std", torch.full((3, 1, 1), 0.25), persistent=False)

    @classmethod
    def create(cls, config: Config, size: int, weights: Path | None) -> "CNN":
        """Start from random weights.

        Raises ``UserError`` if there are pretrained weights, or if images are too small for a batch of one.
        """
        if weights:
            raise UserError(
                "image encoder 'cnn': it learns from scratch and reads no weights. Leave its `source` out."
            )
        if size < (least := 4 * config.stem[1] + 1):
            raise UserError(
                f"image encoder 'cnn': {size} pixels are too few. Set its `size` to {least} or more."
            )
        return cls(config)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map ``(images, height, width, 3)`` uint8 to ``(images, patches, channels[-1])``."""
        feature_map = self.layers(normalize(pixels, self.mean, self.std))
        return feature_map.flatten(2).transpose(1, 2)
