"""A fusion with a learned gate that decides for every word how much of the image to let in."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes, ignored_patches, project


class Gated(Fusion):
    """Each word attends to the patches; a gate in 0..1 scales what it read.

    The gate depends on the word and on what it read, as in Zhang et al. (2018, AAAI) and Lu et al. (2018,
    P18-1185). It is kept as the word's ``image_weight``.
    """

    def __init__(self, sizes: Sizes, d_model: int = 128, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.word = nn.Linear(sizes.words, d_model)
        self.patch = project(sizes, d_model)
        self.norm = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, heads, dropout=dropout, batch_first=True)
        self.open = nn.Linear(2 * d_model, 1)
        self.dropout = nn.Dropout(dropout)
        self.d_model = sizes.words + d_model

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return words ``(batch, words, d)``, each with what it let in of the patches appended."""
        queries, keys = self.word(words), self.norm(self.patch(patches))
        seen = patch_mask.any(1, keepdim=True)
        hidden = ignored_patches(patch_mask)
        read, _ = self.attention(queries, keys, keys, key_padding_mask=hidden, need_weights=False)
        gate = torch.sigmoid(self.open(torch.cat([queries, read], dim=-1))) * seen.unsqueeze(-1)
        self.image_weight = gate.detach().squeeze(-1)
        return self.dropout(torch.cat([words, (gate * read).to(words.dtype)], dim=-1))
