"""Decoders, which turn words into tags: one class per file, named after the `kind` of the configuration.

A new decoder is one new file here with one subclass of ``Decoder``. The further arguments of its constructor
are the options that a configuration may set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

# Score of what a decoder forbids: its exponential is 0 in fp32, and its differences are numbers, unlike those
# of minus infinity.
FORBIDDEN = -1e4


@dataclass(frozen=True)
class Decoded:
    """Tags that a decoder predicts for one post, with their probabilities.

    A decoder is a distribution over tag sequences. All probabilities are its marginals, summed over whatever
    else differs between sequences.

    Attributes:
        tags: one tag per word.
        confidence: probability of each word's tag.
        entities: probability of each entity in the tags, in their order: that exactly these words, no word
            more or less, are an entity of this type. Tags are read as ``data.tags.spans`` reads them.
    """

    tags: list[str]
    confidence: list[float]
    entities: list[float]


class Decoder(nn.Module):
    """Scores the tags that the words of a post may have, and finds the best ones.

    Args:
        d_model: size of a word's vector.
        tags: the tags, by index.
    """

    def __init__(self, d_model: int, tags: Sequence[str]) -> None:
        super().__init__()
        self.tags = list(tags)

    def collect_label_statistics(self, labels: Sequence[Sequence[str]]) -> None:
        """Collect what it needs from the tags of the training posts' words, before training begins."""

    def count_unrepresentable(self, labels: Sequence[str]) -> int:
        """Number of entities in one post that no tags of this decoder can represent."""
        return 0

    def named_axes(self, tags: Sequence[str]) -> Mapping[str, Sequence[Sequence[str] | None]] | None:
        """What the axes of its tensors would count if its tags were ``tags``, by name of the tensor.

        An axis of tags or types is a list of their names; any other axis is ``None``. A run that starts from
        another one copies these tensors name by name.

        A decoder that returns ``None`` altogether starts from scratch wherever the tags differ.
        """
        return None

    def forward(self, words: Tensor) -> Tensor:
        """Compute scores ``(batch, words, …)`` from words ``(batch, words, d_model)``.

        What the scores mean is up to the decoder.
        """
        raise NotImplementedError

    def loss(self, scores: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean loss per word, a scalar.

        Args:
            scores: scores from ``forward``.
            labels: ``(batch, words)`` int64 indices of gold tags, 0 where there is no word.
            word_mask: ``(batch, words)`` bool, true where there is a word. Every post begins with one.
        """
        raise NotImplementedError

    def decode(self, scores: Tensor, word_mask: Tensor) -> list[Decoded]:
        """Find the best tags of every post and their confidences, given the scores from ``forward``."""
        raise NotImplementedError


def exact(scores: Tensor) -> Tensor:
    """Scores in fp64 on the processor, to decode in; not all devices have fp64.

    Marginals are differences of sums over all words of a post, of which fp32 loses the digits that count.
    """
    return scores.cpu().double()


def head(d_model: int, tags: int) -> nn.Linear:
    """A linear layer from words ``(batch, words, d_model)`` to tag scores ``(batch, words, tags)``.

    If ``d_model`` is the number of tags, the words are taken for tag scores, as ``partial_prediction``
    returns them, and the layer starts as the identity.
    """
    layer = nn.Linear(d_model, tags)
    if d_model == tags:
        nn.init.eye_(layer.weight)
        nn.init.zeros_(layer.bias)
    return layer
