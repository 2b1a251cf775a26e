"""Text encoders: one class per file, named after the `kind` of the configuration."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from mnerflow.data.post import Post
from mnerflow.models.layer_prefix import LayerPrefix

# Drop the messages about a kernel without gradients. bitsandbytes would fetch it from the hub; nothing here
# calls it.
logging.getLogger("bitsandbytes.backends.cpu.ops").addFilter(
    lambda record: "gemm_4bit_forward" not in str(record.msg)
)


@dataclass
class EncodedText:
    """A post in the numbers that a text encoder reads.

    Attributes:
        windows: rows of input ids (one for most posts, more for one longer than the encoder reads).
        words: for each word, the ``(window, position)`` of the units that represent it.
        subwords: for each token, dropped ones included, the number of subwords that the tokenizer cuts it
            into.
        length_without_contexts: units that the encoder would compute for the post without contexts.
        extra: other inputs that the encoder needs.
        cut: names of the contexts that were cut.
        unknown: number of kept tokens that contain a subword, or a character, that the encoder does not know.
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

    ``metadata`` is what the weights alone do not say, such as a vocabulary. It is saved with them.

    Attributes:
        d_model: size of a word's vector.
        prefix_shape: number of layers, number of heads and head size of a ``LayerPrefix`` that it reads;
            zeros if it reads none.
    """

    d_model: int
    prefix_shape: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def create(cls, config: Any, weights: Path | None, posts: Sequence[Post]) -> Self:
        """Build the encoder that training starts from, given its weights folder and the training posts."""
        raise NotImplementedError

    @classmethod
    def restore(cls, config: Any, weights: Path | None, metadata: dict[str, Any]) -> Self:
        """Rebuild the encoder that ``metadata`` was saved for; its trained weights are loaded afterwards."""
        raise NotImplementedError

    def encode(self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0) -> list[EncodedText]:
        """Turn the kept tokens of posts, and their contexts of these names, in order, into numbers.

        At most ``length`` units of all contexts together are read. If it is 0, the encoder chooses the limit.
        """
        raise NotImplementedError

    def collate(self, texts: Sequence[EncodedText]) -> dict[str, Tensor]:
        """Pad encoded posts into the tensors that ``forward`` takes.

        This happens ahead of a step, so no random numbers may be drawn.
        """
        raise NotImplementedError

    def forward(self, text: dict[str, Tensor], prefix: LayerPrefix | None = None) -> Tensor:
        """Encode words as vectors ``(batch, words, d_model)``."""
        raise NotImplementedError

    def cast_layers(self, dtype: torch.dtype) -> None:
        """Convert layers to ``dtype``, see ``Tagger.cast_layers``; unless overridden, convert none."""

    def metadata(self) -> dict[str, Any]:
        """JSON values that are saved with the weights and passed to ``restore``."""
        return {}
