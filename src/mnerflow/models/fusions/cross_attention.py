"""Words attend to patches and patches to words."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes, project


class Attend(nn.Module):
    """One pre-normalized attention block with a residual.

    Besides the keys there is always nothing to attend to (a key and value of zeros), so that a query need not
    read what does not concern it.
    """

    def __init__(self, d_model: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm_query, self.norm_key = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(
            d_model, heads, dropout=dropout, batch_first=True, add_zero_attn=True
        )

    def forward(self, query: Tensor, key: Tensor, key_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Let ``query (batch, queries, d)`` read ``key (batch, keys, d)`` where ``key_mask`` is true.

        Returns the queries with what they read added, and their attention ``(batch, queries, keys)`` on the
        keys, whose sum over the keys is below 1.
        """
        key = self.norm_key(key)
        read, weights = self.attention(self.norm_query(query), key, key, key_padding_mask=~key_mask)
        return query + read, weights[..., :-1].detach()


class CrossAttention(Fusion):
    """Patches read the words, then each word reads the patches that matter to it; both with residuals.

    Multi-head attention as in Vaswani et al. (2017), pre-normalized, with a feed-forward layer for the words
    only: there are several times as many patches, for which it costs more than attention does. How much of a
    word's attention lies on the patches, and not on nothing, is kept as its ``image_weight``.
    """

    def __init__(self, sizes: Sizes, d_model: int = 128, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.word = nn.Linear(sizes.words, d_model)
        self.patch = project(sizes, d_model)
        self.patches_read = Attend(d_model, heads, dropout)
        self.words_read = Attend(d_model, heads, dropout)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(d_model),
            nn.Linear(d_model, 2 * d_model),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * d_model, d_model),
        )
        self.dropout = nn.Dropout(dropout)
        self.d_model = sizes.words + d_model

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return words ``(batch, words, d)`` with what each read of ``(batch, patches, d)`` behind it."""
        queries, seen = self.word(words), self.patch(patches)
        seen, _ = self.patches_read(seen, queries, word_mask)
        fused, attention = self.words_read(queries, seen, patch_mask)
        self.image_weight = attention.sum(-1).clamp(max=1)  # which rounding may pass
        fused = fused + self.feed_forward(fused)
        return self.dropout(torch.cat([words, fused.to(words.dtype)], dim=-1))
