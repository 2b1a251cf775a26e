"""Keys and values that a fusion places before the words in every layer of a text encoder."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class LayerPrefix:
    """Keys and values that self-attention reads in addition to those of the subwords.

    There is one pair per layer and post. It replaces the cache that transformers models take as
    ``past_key_values``. The subwords keep the positions that they have without it.

    Attributes:
        keys_values: ``(layers, 2, batch, heads, length, d_head)``.
        seen: ``(batch,)`` bool, false for a post whose prefix must not be read, since it has no image.
    """

    keys_values: Tensor
    seen: Tensor

    def of_rows(self, posts: Tensor) -> "LayerPrefix":
        """The prefixes of windows, given the index of each window's post, ``(windows,)`` int64."""
        return LayerPrefix(self.keys_values[:, :, posts], self.seen[posts])

    def extend(self, scores: Tensor) -> Tensor:
        """Let every subword attend to the prefix as well.

        Takes the additive attention mask ``(windows, 1, subwords, subwords)`` and returns it with the
        prefix's length added to its last dimension.
        """
        hidden = torch.finfo(scores.dtype).min * ~self.seen.view(-1, 1, 1, 1)
        prefix = hidden.to(scores.dtype).expand(-1, 1, scores.shape[2], self.keys_values.shape[4])
        return torch.cat([prefix, scores], dim=-1)

    def update(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Put the prefix before a layer's keys and values ``(windows, heads, subwords, d_head)``."""
        prefix_keys, prefix_values = self.keys_values[layer].to(keys.dtype)
        return torch.cat([prefix_keys, keys], dim=2), torch.cat([prefix_values, values], dim=2)

    def get_seq_length(self) -> int:
        """Number of positions that the prefix takes up: none."""
        return 0

    def get_query_offset(self, layer: int) -> int:
        """Number of positions before the first subword: none."""
        return 0
