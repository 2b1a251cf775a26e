"""A text encoder and an image encoder side by side, or only one of the two."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mnerflow.data.post import Post
from mnerflow.models.batch import Batch
from mnerflow.models.encoder import Encoded, Encoder, PrefixOf
from mnerflow.models.image_encoders import ImageEncoder
from mnerflow.models.image_encoders.augment import Augment
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.text_encoders import EncodedText, TextEncoder

FURTHER_IMAGE = 16  # cost of each further image in units of text: a few hundred patches, not encoded again


class TwoTowers(Encoder):
    """Encodes text and images separately; words see images only through a fusion.

    Args:
        text: text encoder; ``None`` in an image-only run.
        image: image encoder; ``None`` in a text-only run.
        augment: whether training images are randomly mirrored and moved.
    """

    def __init__(self, text: TextEncoder | None, image: ImageEncoder | None, augment: bool = False) -> None:
        super().__init__()
        self.augment = Augment() if augment else nn.Identity()
        self.text = text
        self.image = image
        if text is not None:
            self.d_word, self.prefix_shape = text.d_model, text.prefix_shape
        if image is not None:
            self.d_patch = image.d_model

    def parts(self) -> dict[str, nn.Module]:
        """The text encoder and the image encoder, as far as the run has them."""
        return {name: part for name, part in (("text", self.text), ("image", self.image)) if part is not None}

    def encode(
        self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0
    ) -> list[EncodedText] | None:
        """Turn posts into numbers with the text encoder; ``None`` without one."""
        return self.text.encode(posts, contexts, length) if self.text is not None else None

    def cost(self, length: int, images: int, windows: int) -> int:
        """Units of text, plus ``FURTHER_IMAGE`` for each image beyond the first."""
        return length + FURTHER_IMAGE * max(0, images - 1)

    def collate(self, texts: Sequence[EncodedText], images: Sequence[int]) -> dict[str, Tensor]:
        """Pad the texts as the text encoder does; an empty dictionary without one."""
        return self.text.collate(texts) if self.text is not None else {}

    def forward(self, batch: Batch, prefix: PrefixOf) -> Encoded:
        """Encode a batch, images first, since a prefix made from them may precede the words."""
        if self.image is None:
            return Encoded.of_words(self._words(batch, None))
        patches = self._patches(self.image, batch)
        patch_mask = batch.image_mask.repeat_interleave(patches.shape[2], dim=1)
        patches = patches.flatten(1, 2)
        return Encoded(self._words(batch, prefix(patches, patch_mask)), patches, patch_mask)

    def _words(self, batch: Batch, prefix: LayerPrefix | None) -> Tensor:
        """Word vectors ``(batch, words, d_word)``."""
        if self.text is None:
            return torch.zeros(*batch.word_mask.shape, 0, device=batch.word_mask.device)
        return self.text(batch.text, prefix)

    def _patches(self, encoder: ImageEncoder, batch: Batch) -> Tensor:
        """Encode a batch's images to ``(batch, images, patches, d)``.

        Padding is not encoded: it takes no time and does not enter batch statistics, and its patches are
        zero. With fewer than two images, all places are encoded, because a single image has no batch
        statistics. An ONNX graph encodes all places as well.
        """
        images, places = batch.images.flatten(0, 1), batch.image_mask.shape
        if batch.shown is None:
            patches = encoder(images).unflatten(0, places)
            return patches * batch.image_mask[..., None, None].to(patches.dtype)
        if len(batch.shown) < 2 or len(batch.shown) == len(images):
            return encoder(self.augment(images)).unflatten(0, places)
        encoded = encoder(self.augment(images[batch.shown]))
        patches = encoded.new_zeros(len(images), *encoded.shape[1:])
        return patches.index_copy(0, batch.shown, encoded).unflatten(0, places)

    def cast_layers(self, dtype: torch.dtype) -> None:
        """Convert the text encoder's layers: most trainings on a GPU train no other layers."""
        if self.text is not None:
            self.text.cast_layers(dtype)

    def metadata(self) -> dict[str, Any]:
        """Metadata of the text encoder, such as a vocabulary."""
        return self.text.metadata() if self.text is not None else {}
