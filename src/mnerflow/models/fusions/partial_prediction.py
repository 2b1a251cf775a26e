"""Fusion of predictions: each modality predicts tags alone, and a learned layer combines the two."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes
from mnerflow.models.fusions.image_only import ImageOnly
from mnerflow.models.fusions.text_only import TextOnly


class PartialPrediction(Fusion):
    """Fuses the tag probabilities that text alone and image alone predict for a word.

    It takes their product, and a small network of both adds what a product cannot express ("this type, if the
    text leaves it open"). The words that it returns are therefore tag scores, and a decoder reads nothing
    else. It is the only fusion that knows the number of tags, because it fuses predictions. Which score means
    which tag is settled in training: a head of ``softmax`` or ``crf`` starts with the order of the tags.
    """

    def __init__(self, sizes: Sizes, hidden: int = 64, dropout: float = 0.1) -> None:
        super().__init__()
        self.text = TextOnly(sizes, dropout)
        self.text_head = nn.Linear(self.text.d_model, sizes.tags)
        self.image = ImageOnly(sizes, dropout=dropout)
        self.image_head = nn.Linear(self.image.d_model, sizes.tags)
        self.fuse = nn.Sequential(nn.Linear(2 * sizes.tags, hidden), nn.GELU(), nn.Linear(hidden, sizes.tags))
        self.d_model = sizes.tags

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return fused tag scores ``(batch, words, tags)`` from words and patches ``(batch, …, d)``."""
        text = self.text_head(self.text(words, word_mask, patches, patch_mask))
        image = self.image_head(self.image(words, word_mask, patches, patch_mask))
        text, image = text.log_softmax(-1), image.log_softmax(-1).to(text.dtype)
        return text + image + self.fuse(torch.cat([text, image], dim=-1))
