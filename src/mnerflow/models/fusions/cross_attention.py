"""Cross-attention in both directions: words attend to patches, and patches to words."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes, project


class AttentionBlock(nn.Module):
    """One pre-normalized attention block with a residual.

    A key and a value of zeros are always added. A query can attend to these instead of keys that do not
    concern it.
    """

    def __init__(self, d_model: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm_query, self.norm_key = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(
            d_model, heads, dropout=dropout, batch_first=True, add_zero_attn=True
        )

    def forward(self, query: Tensor, key: Tensor, key_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Let ``query (batch, queries, d)`` attend to ``key (batch, keys, d)`` where ``key_mask`` is true.

        Returns the queries with what they read added, and their attention ``(batch, queries, keys)`` to the
        keys. The attention of a query sums to less than 1, since the key of zeros has a share.
        """
        key = self.norm_key(key)
        read, weights = self.attention(self.norm_query(query), key, key, key_padding_mask=~key_mask)
        return query + read, weights[..., :-1].detach()


class CrossAttention(Fusion):
    """Patches attend to the words, then each word attends to the patches; both with residuals.

    This is multi-head attention as in Vaswani et al. (2017), pre-normalized. Only the words have a
    feed-forward layer: there are several times as many patches, for which it would cost more than attention
    does. The share of a word's attention that goes to the patches, and not to nothing, is kept as its
    ``image_weight``.
    """

    def __init__(self, sizes: Sizes, d_model: int = 128, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.word = nn.Linear(sizes.words, d_model)
        self.patch = project(sizes, d_model)
        self.patches_read = AttentionBlock(d_model, heads, dropout)
        self.words_read = AttentionBlock(d_model, heads, dropout)
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
        """Return words ``(batch, words, d)``, each with what it read of ``(batch, patches, d)`` appended."""
        queries, seen = self.word(words), self.patch(patches)
        seen, _ = self.patches_read(seen, queries, word_mask)
        fused, attention = self.words_read(queries, seen, patch_mask)
        self.image_weight = attention.sum(-1).clamp(max=1)  # rounding may exceed 1
        fused = fused + self.feed_forward(fused)
        return self.dropout(torch.cat([words, fused.to(words.dtype)], dim=-1))
