"""The text-only fusion, the baseline that every other fusion is compared with."""

from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes


class TextOnly(Fusion):
    """Returns each word as it is, apart from dropout."""

    inputs = ("text",)

    def __init__(self, sizes: Sizes, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.d_model = sizes.words

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return ``words (batch, words, d)``."""
        return self.dropout(words)
