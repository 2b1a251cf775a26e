"""A decoder that predicts every word's tag independently."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mnerflow.data.tags import spans
from mnerflow.models.decoders import Decoded, Decoder, head

PADDING = -100  # label of padding, without loss and gradient


class Softmax(Decoder):
    """Cross-entropy per word, optionally weighted or focal; predicts the tag with the highest score.

    Args:
        d_model: size of a word's vector.
        tags: the tags, by index.
        class_weights: exponent against class imbalance: words of a tag weigh ``count ** -class_weights``; 0
            is off.
        focal: exponent of the focal loss, in which words already predicted well count less; 0 is off.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        d_model: int,
        tags: Sequence[str],
        class_weights: Annotated[float, 0, 1] = 0.0,
        focal: Annotated[float, 0, 10] = 0.0,
    ) -> None:
        super().__init__(d_model, tags)
        self.head = head(d_model, len(tags))
        self.power, self.focal = class_weights, focal
        self.register_buffer("class_weights", torch.ones(len(tags)) if class_weights else None)

    def collect_label_statistics(self, labels: Sequence[Sequence[str]]) -> None:
        """Count the tags of the training posts if class weights depend on them."""
        if self.class_weights is not None:
            self.class_weights = class_weights(labels, self.tags, self.power).to(self.class_weights)

    def named_axes(self, tags: Sequence[str]) -> Mapping[str, Sequence[Sequence[str] | None]]:
        """The head has one row per tag."""
        return {"head.weight": (tags, None), "head.bias": (tags,)}

    def forward(self, words: Tensor) -> Tensor:
        """Compute logits ``(batch, words, tags)``."""
        return self.head(words)

    def loss(self, scores: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean loss per word, in fp32: ``w (1 - p)^focal (-log p)`` (Lin et al. 2017).

        ``p`` is the probability of the gold tag and ``w`` its class weight.
        """
        read = labels.masked_fill(~word_mask, PADDING).flatten()
        losses = cross_entropy(scores.flatten(0, 1).float(), read, reduction="none", ignore_index=PADDING)
        if self.focal:
            # At p = 1 in fp32, a power below 1 has no derivative.
            losses = (1 - (-losses).exp()).clamp(min=1e-6) ** self.focal * losses
        if self.class_weights is not None:
            losses = self.class_weights[labels].flatten() * losses
        return losses.sum() / word_mask.sum()

    def decode(self, scores: Tensor, word_mask: Tensor) -> list[Decoded]:
        """Find the tag with the highest score for each word."""
        chosen, probabilities = scores.argmax(-1).tolist(), scores.float().softmax(-1).clamp(max=1).tolist()
        decoded = []
        for row, length in enumerate(word_mask.sum(1).tolist()):
            indices, of_words = chosen[row][:length], probabilities[row][:length]
            tags = [self.tags[index] for index in indices]
            confidence = [word[index] for word, index in zip(of_words, indices, strict=True)]
            decoded.append(
                Decoded(tags, confidence, [self._probability(of_words, *span) for span in spans(tags)])
            )
        return decoded

    def _probability(self, words: list[list[float]], kind: str, start: int, end: int) -> float:
        """Probability of exactly this entity, given the tag probabilities of independent words."""
        begin, inside = self.tags.index(f"B-{kind}"), self.tags.index(f"I-{kind}")
        # A stray I- also begins an entity if the word before has no type or another one.
        other = 1 - words[start - 1][begin] - words[start - 1][inside] if start else 1.0
        further = math.prod(word[inside] for word in words[start + 1 : end])
        ends = 1 - words[end][inside] if end < len(words) else 1.0
        chance = (words[start][begin] + words[start][inside] * other) * further * ends
        return min(1.0, max(0.0, chance))  # rounding may leave 0..1


def class_weights(labels: Sequence[Sequence[str]], tags: Sequence[str], power: float) -> Tensor:
    """Weights ``(tags,)`` against class imbalance: ``count ** -power``, scaled to a mean of 1 per word.

    With a power of 1, each tag has the same share of the loss. A tag without words weighs as much as the
    rarest.
    """
    found = Counter(label for post in labels for label in post)
    rarest = min(found.values())
    counts = torch.tensor([found[tag] or rarest for tag in tags], dtype=torch.float32)
    weights = counts**-power
    words = torch.tensor([found[tag] for tag in tags], dtype=torch.float32)
    return weights * words.sum() / (weights * words).sum()
