"""Concatenation of each word and the pooled image."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes, pool


class Linear(Fusion):
    """The thesis's linear fusion: ``[word; image]``, from which the single layer of a decoder predicts."""

    def __init__(self, sizes: Sizes, dropout: float = 0.1) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(sizes.patches)
        self.dropout = nn.Dropout(dropout)
        self.d_model = sizes.words + sizes.patches

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return words ``(batch, words, d)``, each with the mean of its post's patches appended."""
        image = self.norm(pool(patches, patch_mask)).unsqueeze(1).expand(-1, words.shape[1], -1)
        return self.dropout(torch.cat([words, image.to(words.dtype)], dim=-1))
