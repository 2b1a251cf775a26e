"""What a model sees of some posts: subwords, words, labels and images as tensors."""

from dataclasses import dataclass

import torch
from torch import Tensor

# Of ``Batch.text``, what code on the processor reads: from a GPU it would have to wait for it.
ON_HOST = ("lengths",)


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
        shown: int64 indices of the images, where all of a batch stand in one row; nothing in an ONNX graph,
            whose steps cannot depend on how many there are.
    """

    text: dict[str, Tensor]
    word_mask: Tensor
    labels: Tensor
    images: Tensor
    image_mask: Tensor
    shown: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device, as ``moved`` says."""
        text = {
            name: tensor if name in ON_HOST else moved(tensor, device) for name, tensor in self.text.items()
        }
        return Batch(
            text,
            moved(self.word_mask, device),
            moved(self.labels, device),
            moved(self.images, device),
            moved(self.image_mask, device),
            None if self.shown is None else moved(self.shown, device),
        )


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on another device; a GPU fetches it by itself, and nobody waits for that."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
