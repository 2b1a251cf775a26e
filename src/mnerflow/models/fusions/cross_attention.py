"""Words attend to patches and patches to words."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes, project
from mnerflow.models.fusions._attend import Attend


class CrossAttention(Fusion):
    """Patches read the words, then each word reads the patches that matter to it; both with residuals.

    Multi-head attention as in Vaswani et al. (2017), pre-normalized. How much of a word's attention lies on
    the patches, and not on nothing, is kept as its ``image_weight``.
    """

    def __init__(self, sizes: Sizes, d_model: int = 128, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__(sizes)
        self.word = nn.Linear(sizes.words, d_model)
        self.patch = project(sizes, d_model)
        self.patches_read = Attend(d_model, heads, dropout)
        self.words_read = Attend(d_model, heads, dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(sizes.words + d_model, sizes.tags)

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return emissions ``(batch, words, tags)`` of words and patches ``(batch, …, d)``."""
        queries, seen = self.word(words), self.patch(patches)
        seen, _ = self.patches_read(seen, queries, word_mask)
        fused, attention = self.words_read(queries, seen, patch_mask)
        self.image_weight = attention.sum(-1)
        return self.head(self.dropout(torch.cat([words, fused.to(words.dtype)], dim=-1)))
