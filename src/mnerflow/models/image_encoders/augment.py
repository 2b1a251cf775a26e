"""Random changes to training images that leave what they show as it is."""

import torch
from torch import Tensor, nn

# Share of a side by which an image is moved at most.
SHIFT = 0.1


class Augment(nn.Module):
    """Mirrors half of the images and moves each a little; does nothing in evaluation mode."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Return uint8 ``(images, height, width, 3)`` of the same shape; what moves out comes in again."""
        if not self.training:
            return pixels
        images, height, width, _ = pixels.shape
        mirrored = torch.rand(images, device=pixels.device) < 0.5
        pixels = torch.where(mirrored.view(-1, 1, 1, 1), pixels.flip(2), pixels)
        rows = _moved(height, images, pixels.device)
        columns = _moved(width, images, pixels.device)
        image = torch.arange(images, device=pixels.device).view(-1, 1, 1)
        return pixels[image, rows.unsqueeze(2), columns.unsqueeze(1)]


def _moved(side: int, images: int, device: torch.device) -> Tensor:
    """Indices ``(images, side)`` of a side, shifted by up to ``SHIFT`` of it for each image."""
    max_shift = round(SHIFT * side)
    shift = torch.randint(-max_shift, max_shift + 1, (images, 1), device=device)
    return (torch.arange(side, device=device) + shift) % side
