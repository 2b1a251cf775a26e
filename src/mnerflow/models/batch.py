"""What a model sees of some posts: subwords, words, labels and images as tensors."""

from dataclasses import dataclass

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
            ``(batch, images, patches, d_image)`` features of a frozen encoder; ``(batch, 0)`` without images.
        image_mask: ``(batch, images)`` bool, true where there is an image.
    """

    text: dict[str, Tensor]
    word_mask: Tensor
    labels: Tensor
    images: Tensor
    image_mask: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(
            {name: tensor.to(device) for name, tensor in self.text.items()},
            self.word_mask.to(device),
            self.labels.to(device),
            self.images.to(device),
            self.image_mask.to(device),
        )
