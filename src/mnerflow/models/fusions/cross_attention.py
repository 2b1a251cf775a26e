"""Words attend to patches and patches to words."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes


class CrossAttention(Fusion):
    """Patches read the words, then each word reads the patches that matter to it; both with residuals.

    Multi-head attention as in Vaswani et al. (2017), pre-normalized. The attention of words on patches
    is kept in ``attention``, ``(batch, words, patches)``, for reports.
    """

    def __init__(self, sizes: Sizes, d_model: int = 128, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__(sizes)
        self.word = nn.Linear(sizes.words, d_model)
        self.patch = nn.Linear(sizes.patches, d_model)
        self.patches_read = _Attend(d_model, heads, dropout)
        self.words_read = _Attend(d_model, heads, dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(sizes.words + d_model, sizes.tags)
        self.attention: Tensor | None = None

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return emissions ``(batch, words, tags)`` of words and patches ``(batch, …, d)``."""
        queries, seen = self.word(words), self.patch(patches)
        seen, _ = self.patches_read(seen, queries, word_mask)
        fused, self.attention = self.words_read(queries, seen, patch_mask)
        return self.head(self.dropout(torch.cat([words, fused.to(words.dtype)], dim=-1)))


class _Attend(nn.Module):
    """One pre-normalized attention block with a residual and a feed-forward layer."""

    def __init__(self, d_model: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm_query, self.norm_key, self.norm_out = (nn.LayerNorm(d_model) for _ in range(3))
        self.attention = nn.MultiheadAttention(d_model, heads, dropout=dropout, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.Linear(d_model, 2 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * d_model, d_model)
        )

    def forward(self, query: Tensor, key: Tensor, key_mask: Tensor) -> tuple[Tensor, Tensor]:
        key = self.norm_key(key)
        # A post without image has nothing to attend to; softmax over nothing would be NaN.
        hidden = ~key_mask & key_mask.any(1, keepdim=True)
        read, weights = self.attention(self.norm_query(query), key, key, key_padding_mask=hidden)
        read = read * key_mask.any(1).view(-1, 1, 1)
        query = query + read
        return query + self.feed_forward(self.norm_out(query)), weights.detach()
