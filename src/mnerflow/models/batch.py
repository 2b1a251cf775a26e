"""A batch of posts as the tensors that a model reads: subwords, words, labels and images."""

from dataclasses import dataclass

import torch
from torch import Tensor

# Entries of ``Batch.text`` that code on the processor reads. They stay there, since reading them from a GPU
# would mean waiting for it.
ON_HOST = ("lengths",)


@dataclass
class Batch:
    """Posts of similar length, padded to the longest.

    The axis ``words`` counts the tokens that the model sees, those that no filter dropped.

    Attributes:
        text: input tensors of the text encoder, by its own names; empty for an image-only model.
        word_mask: ``(batch, words)`` bool, true where there is a word.
        labels: ``(batch, words)`` int64 tag indices, 0 where there is no word.
        images: ``(batch, images, height, width, 3)`` uint8 pixels, or ``(batch, images, patches, d_image)``
            features of a frozen encoder; ``(batch, 0)`` without images.
        image_mask: ``(batch, images)`` bool, true where there is an image.
        shown: int64 indices of the actual images among all flattened places for images; ``None`` in an ONNX
            graph, whose steps cannot depend on how many there are.
    """

    text: dict[str, Tensor]
    word_mask: Tensor
    labels: Tensor
    images: Tensor
    image_mask: Tensor
    shown: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Copy the batch to another device as ``moved`` does; ``ON_HOST`` tensors stay where they are."""
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
    """Copy a tensor to a device; a GPU fetches it from pinned memory while the processor goes on."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
