"""An image-only fusion, which shows how much can be predicted from the image and a word's position."""

from typing import Annotated

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes, pool, project


class ImageOnly(Fusion):
    """Builds words from the pooled image and the word's position, the only thing that tells words apart."""

    inputs = ("image",)

    def __init__(
        self,
        sizes: Sizes,
        positions: Annotated[int, 1, 10_000] = 64,
        hidden: int = 128,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.position = nn.Embedding(positions, hidden)
        self.image = project(sizes, hidden)
        self.activation = nn.Sequential(nn.GELU(), nn.Dropout(dropout))
        self.d_model = hidden

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return words ``(batch, words, hidden)`` built from ``patches (batch, patches, d)``."""
        places = torch.arange(word_mask.shape[1], device=word_mask.device)
        places = self.position(places.clamp(max=self.position.num_embeddings - 1))
        return self.activation(self.image(pool(patches, patch_mask)).unsqueeze(1) + places)
