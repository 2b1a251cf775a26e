"""What an encoder is: it turns posts into words and, where it sees their images, patches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from mnerflow.data.post import Post
from mnerflow.models.batch import Batch
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.text_encoders import EncodedText

# Of patches and their mask, what layers of a text encoder read before their own words: ``Fusion.prefix``.
PrefixOf = Callable[[Tensor, Tensor], LayerPrefix | None]


@dataclass
class Encoded:
    """What an encoder makes of a batch.

    Attributes:
        words: ``(batch, words, d_word)``; ``d_word`` is 0 of an encoder that reads no text.
        patches: ``(batch, patches, d_patch)`` of all images of a post; no patches of one that sees none.
        patch_mask: ``(batch, patches)`` bool, true where there is a patch.
    """

    words: Tensor
    patches: Tensor
    patch_mask: Tensor

    @classmethod
    def of_words(cls, words: Tensor) -> Self:
        """Words without patches."""
        posts = words.shape[0]  # `len` is a number that an ONNX graph would keep
        return cls(words, words.new_zeros(posts, 0, 0), words.new_zeros(posts, 0, dtype=torch.bool))


class Encoder(nn.Module):
    """Turns posts into words and, where it sees their images, patches.

    Attributes:
        d_word: size of a word's vector; 0 if it reads no text.
        d_patch: size of a patch's vector; 0 if it sees no images.
        joint: whether its words have seen the images, since it reads both at once.
        prefix_shape: layers, heads and head size of a ``LayerPrefix`` that it reads; zeros if it reads none.
    """

    d_word: int = 0
    d_patch: int = 0
    joint: bool = False
    prefix_shape: tuple[int, int, int] = (0, 0, 0)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What it gives a fusion: ``text``, ``image`` or both."""
        given = (("text", self.d_word), ("image", self.d_patch))
        return tuple(name for name, size in given if size)

    def parts(self) -> dict[str, nn.Module]:
        """Its modules by the learning rate that they have, ``text`` or ``image``."""
        raise NotImplementedError

    def encode(
        self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0
    ) -> list[EncodedText] | None:
        """The text of posts as numbers, as ``TextEncoder.encode`` says; ``None`` if it reads no text."""
        raise NotImplementedError

    def cost(self, length: int, images: int) -> int:
        """Units that it computes at once for a post of so many units of text and so many images."""
        raise NotImplementedError

    def collate(self, texts: Sequence[EncodedText], images: Sequence[int]) -> dict[str, Tensor]:
        """Pad encoded posts into ``Batch.text``, given how many images each is shown."""
        raise NotImplementedError

    def forward(self, batch: Batch, prefix: PrefixOf) -> Encoded:
        """Encode a batch; ``prefix`` is that of the fusion, for an encoder that has a ``prefix_shape``."""
        raise NotImplementedError

    def lower(self, dtype: torch.dtype) -> None:
        """Bring layers to ``dtype``, as ``Tagger.lower`` says; none in an encoder that does not say how."""

    def metadata(self) -> dict[str, Any]:
        """What JSON can hold, to save beside the weights and to make the encoder of again."""
        return {}
