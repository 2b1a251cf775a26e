"""A learned gate decides for every word how much of the image to let in."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes
from mnerflow.models.fusions.attend import Attend


class Gated(Fusion):
    """Each word reads the patches by attention; a gate in 0..1 scales what it read.

    The gate looks at the word and at what it read, as in Zhang et al. (2018, AAAI) and Lu et al. (2018,
    P18-1185). The last gate is kept in ``gate``, ``(batch, words)``, for reports.
    """

    def __init__(self, sizes: Sizes, d_model: int = 128, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__(sizes)
        self.word = nn.Linear(sizes.words, d_model)
        self.patch = nn.Linear(sizes.patches, d_model)
        self.words_read = Attend(d_model, heads, dropout)
        self.open = nn.Linear(2 * d_model, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(sizes.words + d_model, sizes.tags)
        self.gate: Tensor | None = None

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return emissions ``(batch, words, tags)`` of words and patches ``(batch, …, d)``."""
        queries = self.word(words)
        read, _ = self.words_read(queries, self.patch(patches), patch_mask)
        gate = torch.sigmoid(self.open(torch.cat([queries, read], dim=-1)))
        gate = gate * patch_mask.any(1).view(-1, 1, 1)
        self.gate = gate.detach().squeeze(-1)
        return self.head(self.dropout(torch.cat([words, (gate * read).to(words.dtype)], dim=-1)))
