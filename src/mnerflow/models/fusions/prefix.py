"""The image as a prefix that every layer of the text encoder attends to."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes, ignored_patches, project
from mnerflow.models.layer_prefix import LayerPrefix


class Prefix(Fusion):
    """Puts keys and values made from the image before those of the words in each self-attention layer.

    It follows HVPNeT (Chen et al. 2022, findings-naacl.121), without its pyramid of image features and the
    gates between its levels. Learned queries gather the patches into a few visual vectors, which each layer
    projects for itself. What words read of the image thus depends on the text from the first layer on. The
    text encoder must be a transformer.
    """

    def __init__(
        self, sizes: Sizes, length: int = 4, d_model: int = 128, heads: int = 4, dropout: float = 0.1
    ) -> None:
        super().__init__()
        layers, self.heads, d_head = sizes.prefix
        if not layers:
            raise ValueError(
                "it needs a text encoder whose layers read a prefix (BERT, RoBERTa, a language model "
                "without gradient checkpointing)"
            )
        self.patch = project(sizes, d_model)
        self.norm = nn.LayerNorm(d_model)
        self.queries = nn.Parameter(torch.randn(length, d_model) / d_model**0.5)
        self.attention = nn.MultiheadAttention(d_model, heads, dropout=dropout, batch_first=True)
        self.project = nn.ModuleList(nn.Linear(d_model, 2 * self.heads * d_head) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.d_model = sizes.words

    def prefix(self, patches: Tensor, patch_mask: Tensor) -> LayerPrefix:
        """Compute the keys and values of every layer from ``patches (batch, patches, d)``."""
        keys = self.norm(self.patch(patches))
        queries = self.queries.expand(patches.shape[0], -1, -1)
        hidden = ignored_patches(patch_mask)
        visual, _ = self.attention(queries, keys, keys, key_padding_mask=hidden, need_weights=False)
        pairs = torch.stack([layer(visual) for layer in self.project])
        pairs = pairs.unflatten(-1, (2, self.heads, -1)).permute(0, 3, 1, 4, 2, 5)
        return LayerPrefix(pairs, patch_mask.any(1))

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return ``words (batch, words, d)``, which have already seen the image."""
        return self.dropout(words)
