"""What a fusion lets the layers of a text encoder read before their own words."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class LayerPrefix:
    """Keys and values, a pair a layer and post, that self-attention reads beside those of the subwords.

    It stands in for the cache that transformers' models take as ``past_key_values``; the subwords keep the
    positions that they have without it.

    Attributes:
        keys_values: ``(layers, 2, batch, heads, length, d_head)``.
        seen: ``(batch,)`` bool, false for a post whose prefix nobody is to read (it has no image).
    """

    keys_values: Tensor
    seen: Tensor

    def of_rows(self, posts: Tensor) -> "LayerPrefix":
        """The prefixes of windows, given the post ``(windows,)`` int64 that each is a part of."""
        return LayerPrefix(self.keys_values[:, :, posts], self.seen[posts])

    def extend(self, scores: Tensor) -> Tensor:
        """Let every subword read the prefix, too: ``(windows, 1, subwords, subwords)``, what is added to the
        scores of attention, in, with the prefix's length added to the last dimension out.
        """
        hidden = torch.finfo(scores.dtype).min * ~self.seen.view(-1, 1, 1, 1)
        prefix = hidden.to(scores.dtype).expand(-1, 1, scores.shape[2], self.keys_values.shape[4])
        return torch.cat([prefix, scores], dim=-1)

    def update(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """A layer's keys and values ``(windows, heads, subwords, d_head)`` with the prefix before them."""
        prefix_keys, prefix_values = self.keys_values[layer].to(keys.dtype)
        return torch.cat([prefix_keys, keys], dim=2), torch.cat([prefix_values, values], dim=2)

    def get_seq_length(self) -> int:
        """Positions that the prefix takes: none."""
        return 0

    def get_query_offset(self, layer: int) -> int:
        """Positions before the first subword: none."""
        return 0
