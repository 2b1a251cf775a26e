"""Each modality predicts alone; a decoder fuses the two predictions."""

import torch
from torch import Tensor, nn

from mnerflow.models.fusions import Fusion, Sizes
from mnerflow.models.fusions.image_only import ImageOnly
from mnerflow.models.fusions.text_only import TextOnly


class PartialPrediction(Fusion):
    """What the text-only and the image-only model each predict for a word, as all that a decoder gets to see.

    A prediction is the log-probabilities of as many classes as there are tags. Behind the two stands a small
    network of both, for what no sum of them says ("this type, if the text leaves it open"). They are trained
    by the fused prediction alone, so that it is a decoder's head that learns which class means which tag.
    """

    def __init__(self, sizes: Sizes, hidden: int = 64, dropout: float = 0.1) -> None:
        super().__init__()
        text, image = TextOnly(sizes, dropout), ImageOnly(sizes, dropout=dropout)
        self.text, self.text_head = text, nn.Linear(text.d_model, sizes.tags)
        self.image, self.image_head = image, nn.Linear(image.d_model, sizes.tags)
        self.both = nn.Sequential(nn.Linear(2 * sizes.tags, hidden), nn.GELU())
        self.d_model = 2 * sizes.tags + hidden

    def forward(self, words: Tensor, word_mask: Tensor, patches: Tensor, patch_mask: Tensor) -> Tensor:
        """Return both predictions, of words ``(batch, words, d)`` and of patches ``(batch, patches, d)``."""
        text = self.text_head(self.text(words, word_mask, None, None)).log_softmax(-1)
        image = self.image_head(self.image(None, word_mask, patches, patch_mask)).log_softmax(-1)
        predictions = torch.cat([text, image.to(text.dtype)], dim=-1)
        return torch.cat([predictions, self.both(predictions).to(text.dtype)], dim=-1)
