"""Concatenate the word and the pooled image, then predict."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes, pool


class Linear(Fusion):
    """The thesis's linear fusion: one layer over ``[word; image]``."""

    def __init__(self, sizes: Sizes, dropout: float = 0.1) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(sizes.patches)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(sizes.words + sizes.patches, sizes.tags)

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return emissions ``(batch, words, tags)`` of words ``(batch, words, d)`` and their post's image."""
        image = self.norm(pool(patches, patch_mask)).unsqueeze(1).expand(-1, words.shape[1], -1)
        return self.head(self.dropout(torch.cat([words, image.to(words.dtype)], dim=-1)))
