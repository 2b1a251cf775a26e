"""The attention block that fusions are built of."""

from torch import Tensor, nn


class Attend(nn.Module):
    """One pre-normalized attention block with a residual and a feed-forward layer.

    Besides the keys there is always nothing to attend to (a key and value of zeros), so that a query need not
    read what does not concern it.
    """

    def __init__(self, d_model: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm_query, self.norm_key, self.norm_out = (nn.LayerNorm(d_model) for _ in range(3))
        self.attention = nn.MultiheadAttention(
            d_model, heads, dropout=dropout, batch_first=True, add_zero_attn=True
        )
        self.feed_forward = nn.Sequential(
            nn.Linear(d_model, 2 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * d_model, d_model)
        )

    def forward(self, query: Tensor, key: Tensor, key_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Let ``query (batch, queries, d)`` read ``key (batch, keys, d)`` where ``key_mask`` is true.

        Returns the queries with what they read added, and their attention ``(batch, queries, keys)`` on the
        keys, whose sum over the keys is below 1.
        """
        key = self.norm_key(key)
        read, weights = self.attention(self.norm_query(query), key, key, key_padding_mask=~key_mask)
        query = query + read
        return query + self.feed_forward(self.norm_out(query)), weights[..., :-1].detach()
