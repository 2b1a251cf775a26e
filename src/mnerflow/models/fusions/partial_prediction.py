"""Each modality predicts tags alone; a learned layer fuses the two predictions."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes
from mnerflow.models.fusions.image_only import ImageOnly
from mnerflow.models.fusions.text_only import TextOnly


class PartialPrediction(Fusion):
    """Fuses the tag probabilities that the text-only and the image-only models predict for a word.

    Their product, to which a small network of both adds what a product cannot say ("this type, if the
    text leaves it open"). So the words that it gives are scores of tags, and a decoder reads nothing else. It
    is the one fusion that knows how many tags there are, since predictions are what it fuses; which score
    means which tag, training settles: a head of ``softmax`` or ``crf`` starts with the order of the tags.
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
        """Return fused predictions ``(batch, words, tags)`` of words and patches ``(batch, …, d)``."""
        text = self.text_head(self.text(words, word_mask, patches, patch_mask))
        image = self.image_head(self.image(words, word_mask, patches, patch_mask))
        text, image = text.log_softmax(-1), image.log_softmax(-1).to(text.dtype)
        return text + image + self.fuse(torch.cat([text, image], dim=-1))
