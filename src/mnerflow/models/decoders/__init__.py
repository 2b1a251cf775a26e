"""Decoders turn words into tags: one class a file; the file's name is the `kind` of the configuration.

A new decoder is one new file here with one subclass of ``Decoder``; its constructor's further arguments are
the options that a configuration may set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Decoded:
    """What a decoder makes of one post. A decoder is a distribution over tag sequences, and confidences are
    its probabilities, whatever else of the sequence differs.

    Attributes:
        tags: a tag a word.
        confidence: probability of each word's tag.
        entities: probability of each entity that the tags hold, in their order: that just these words, no
            word more or less, are an entity of this type. Tags are read as ``data.tags.spans`` reads them.
    """

    tags: list[str]
    confidence: list[float]
    entities: list[float]


class Decoder(nn.Module):
    """Scores what the words of a post may be tagged as, and finds the best tags.

    Args:
        d_model: size of the words' vectors.
        tags: the tags, by index.
    """

    def __init__(self, d_model: int, tags: Sequence[str]) -> None:
        super().__init__()
        self.tags = list(tags)

    def begin(self, labels: Sequence[Sequence[str]]) -> None:
        """Read what it needs off the tags of the training posts' words, before training begins."""

    def lost(self, labels: Sequence[str]) -> int:
        """How many entities of one post no tags of this decoder could hold."""
        return 0

    def named_axes(self, tags: Sequence[str]) -> Mapping[str, Sequence[Sequence[str] | None]] | None:
        """For its tensors that have axes of tags or types, by name: what each axis counts, were ``tags`` its
        tags; ``None`` for another axis. A run that starts from another one takes these over name by name.

        ``None`` altogether where it does not say, so that it starts anew where tags differ.
        """
        return None

    def forward(self, words: Tensor) -> Tensor:
        """Scores ``(batch, words, …)``, whatever they mean to it, of words ``(batch, words, d_model)``."""
        raise NotImplementedError

    def loss(self, scores: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean loss a word, a scalar, of ``forward``'s scores.

        Args:
            scores: as ``forward`` gave them.
            labels: ``(batch, words)`` int64 indices of gold tags, 0 where there is no word.
            word_mask: ``(batch, words)`` bool, true where there is a word, as each post has at first.
        """
        raise NotImplementedError

    def decode(self, scores: Tensor, word_mask: Tensor) -> list[Decoded]:
        """The best tags of every post, of ``forward``'s scores, with their confidences."""
        raise NotImplementedError


def head(d_model: int, tags: int) -> nn.Linear:
    """A layer from words ``(batch, words, d_model)`` to scores of tags ``(batch, words, tags)``.

    Words that are scores of the tags already, as ``partial_prediction`` gives them, are at first handed on as
    they are.
    """
    layer = nn.Linear(d_model, tags)
    if d_model == tags:
        nn.init.eye_(layer.weight)
        nn.init.zeros_(layer.bias)
    return layer
