"""The interface of encoders: from posts to word vectors and, where they see images, patch vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from mnerflow.data.post import Post
from mnerflow.models.batch import Batch
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.text_encoders import EncodedText

# ``Fusion.prefix``: from patches and their mask, what layers of a text encoder read before their own words.
PrefixOf = Callable[[Tensor, Tensor], LayerPrefix | None]


@dataclass
class Encoded:
    """Word and patch vectors of a batch.

    Attributes:
        words: ``(batch, words, d_word)``; ``d_word`` is 0 for an encoder that reads no text.
        patches: ``(batch, patches, d_patch)`` of all images of a post; zero patches for an encoder that sees
            none.
        patch_mask: ``(batch, patches)`` bool, true where there is a patch.
    """

    words: Tensor
    patches: Tensor
    patch_mask: Tensor

    @classmethod
    def of_words(cls, words: Tensor) -> Self:
        """Word vectors without any patches."""
        posts = words.shape[0]  # an ONNX graph would keep the value of `len` as a constant
        return cls(words, words.new_zeros(posts, 0, 0), words.new_zeros(posts, 0, dtype=torch.bool))


class Encoder(nn.Module):
    """Turns posts into word vectors and, where it sees their images, patch vectors.

    Attributes:
        d_word: size of a word's vector; 0 if it reads no text.
        d_patch: size of a patch's vector; 0 if it sees no images.
        joint: whether it reads text and images together, so that its words have seen the images.
        prefix_shape: number of layers, number of heads and head size of a ``LayerPrefix`` that it reads;
            zeros if it reads none.
    """

    d_word: int = 0
    d_patch: int = 0
    joint: bool = False
    prefix_shape: tuple[int, int, int] = (0, 0, 0)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The modalities that it passes to a fusion: ``text``, ``image`` or both."""
        given = (("text", self.d_word), ("image", self.d_patch))
        return tuple(name for name, size in given if size)

    def parts(self) -> dict[str, nn.Module]:
        """Its modules, keyed by the learning rate that they use: ``text`` or ``image``."""
        raise NotImplementedError

    def encode(
        self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0
    ) -> list[EncodedText] | None:
        """Turn posts into numbers, see ``TextEncoder.encode``; ``None`` if it reads no text."""
        raise NotImplementedError

    def cost(self, length: int, images: int, windows: int) -> int:
        """Units that it computes at once for a post.

        ``length`` counts the units of its text, in all of its ``windows`` together.
        """
        raise NotImplementedError

    def collate(self, texts: Sequence[EncodedText], images: Sequence[int]) -> dict[str, Tensor]:
        """Pad encoded posts into the tensors of ``Batch.text``; ``images`` counts the images of each post."""
        raise NotImplementedError

    def forward(self, batch: Batch, prefix: PrefixOf) -> Encoded:
        """Encode a batch; an encoder with a ``prefix_shape`` reads the fusion's ``prefix``."""
        raise NotImplementedError

    def cast_layers(self, dtype: torch.dtype) -> None:
        """Convert layers to ``dtype``, see ``Tagger.cast_layers``; unless overridden, convert none."""

    def metadata(self) -> dict[str, Any]:
        """JSON values that are saved with the weights and needed to build the encoder again."""
        return {}
