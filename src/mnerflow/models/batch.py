"""What a model sees of some posts: subwords, words, labels and images as tensors."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass
class Batch:
    """Posts of similar length, padded to the longest.

    ``words`` counts the tokens that the model sees (those that no filter dropped).

    Attributes:
        text: input tensors of the text encoder, by its own names; empty for an image-only model.
        word_mask: ``(batch, words)`` bool, true where there is a word.
        labels: ``(batch, words)`` int64 tag indices, 0 where there is no word.
        images: ``(batch, images, height, width, 3)`` uint8 pixels, or
            ``(batch, images, patches, d_image)`` features of a frozen encoder; ``None`` without images.
        image_mask: ``(batch, images)`` bool, true where there is an image; ``None`` without images.
    """

    text: dict[str, Tensor]
    word_mask: Tensor
    labels: Tensor
    images: Tensor | None = None
    image_mask: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""

        def move(value):
            if isinstance(value, dict):
                return {name: tensor.to(device) for name, tensor in value.items()}
            return None if value is None else value.to(device)

        return Batch(**{field.name: move(getattr(self, field.name)) for field in fields(self)})
