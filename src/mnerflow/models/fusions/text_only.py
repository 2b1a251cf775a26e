"""No image: the baseline that every fusion is compared with."""

from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes


class TextOnly(Fusion):
    """Predicts each word's tag from its vector."""

    inputs = ("text",)

    def __init__(self, sizes: Sizes, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(sizes.words, sizes.tags)

    def forward(
        self, words: Tensor, word_mask: Tensor, patches: Tensor | None, patch_mask: Tensor | None
    ) -> Tensor:
        """Return emissions ``(batch, words, tags)`` of ``words (batch, words, d)``."""
        return self.head(self.dropout(words))
