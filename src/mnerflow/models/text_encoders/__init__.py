"""Text encoders: one class a file; the file's name is the `kind` of the configuration."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from mnerflow.data.post import Post
from mnerflow.models.layer_prefix import LayerPrefix

# Of a kernel without gradients, which bitsandbytes would fetch from the hub and nothing here calls.
logging.getLogger("bitsandbytes.backends.cpu.ops").addFilter(
    lambda record: "gemm_4bit_forward" not in str(record.msg)
)


@dataclass
class EncodedText:
    """A post as a text encoder's numbers.

    Attributes:
        windows: rows of input ids (one for most posts, more for one longer than the encoder reads).
        words: for each word, the ``(window, position)`` of the units that represent it.
        subwords: for each token, dropped ones included, into how many subwords the tokenizer cuts it.
        length_without_contexts: units that the encoder would compute for the post without contexts.
        extra: whatever else the encoder needs.
        cut: names of the contexts that were cut.
        unknown: how many of its tokens hold a subword, or a character, that the encoder does not know.
    """

    windows: list[list[int]]
    words: list[list[tuple[int, int]]]
    subwords: list[int]
    length_without_contexts: int
    extra: dict[str, list[Any]] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    unknown: int = 0

    @property
    def length(self) -> int:
        """Units that the encoder computes for this post."""
        return sum(len(window) for window in self.windows)


class TextEncoder(nn.Module):
    """Maps words to vectors.

    ``metadata`` is what the weights alone do not tell (a vocabulary); it is saved with them.

    Attributes:
        d_model: size of a word's vector.
        prefix_shape: layers, heads and head size of a ``LayerPrefix`` that it reads; zeros if it reads none.
    """

    d_model: int
    prefix_shape: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def create(cls, config: Any, weights: Path | None, posts: Sequence[Post]) -> Self:
        """Make the encoder as training starts from it: its weights folder, the training posts."""
        raise NotImplementedError

    @classmethod
    def restore(cls, config: Any, weights: Path | None, metadata: dict[str, Any]) -> Self:
        """Make the encoder with the shape it had when ``metadata`` was saved, weights still to be loaded."""
        raise NotImplementedError

    def encode(self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0) -> list[EncodedText]:
        """Turn the kept tokens of posts, and the contexts of these names, in order, into numbers.

        At most ``length`` units of all contexts together are read, or as many as suit the encoder.
        """
        raise NotImplementedError

    def collate(self, texts: Sequence[EncodedText]) -> dict[str, Tensor]:
        """Pad encoded posts into the tensors that ``forward`` takes; ahead of a step, so nothing is drawn."""
        raise NotImplementedError

    def forward(self, text: dict[str, Tensor], prefix: LayerPrefix | None = None) -> Tensor:
        """Return ``(batch, words, d_model)``."""
        raise NotImplementedError

    def lower(self, dtype: torch.dtype) -> None:
        """Bring layers to ``dtype``, as ``Tagger.lower`` says; none in an encoder that does not say how."""

    def metadata(self) -> dict[str, Any]:
        """What JSON can hold, to save beside the weights and to hand back to ``restore``."""
        return {}
