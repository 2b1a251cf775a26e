"""Decoders turn emissions into tags: one class a file; the file's name is the name in the configuration."""

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mnerflow.data.post import Post


class Decoder(nn.Module):
    """Scores tag sequences and finds the best one.

    Args:
        tags: the tags, by index.
        class_weights: ``(tags,)`` weight of each tag's words in the loss; all weigh the same without.
        focal: how much less a word counts that is already predicted well; 0 for all alike.

    Raises ``ValueError`` where a decoder cannot weigh single words.
    """

    def __init__(self, tags: list[str], class_weights: Tensor | None = None, focal: float = 0.0) -> None:
        super().__init__()
        self.tags = tags

    def loss(self, emissions: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean loss a word, a scalar, of ``emissions (batch, words, tags)`` and ``labels (batch, words)``."""
        raise NotImplementedError

    def decode(self, emissions: Tensor, word_mask: Tensor) -> Tensor:
        """Return tag indices ``(batch, words)`` int64; what lies outside ``word_mask`` means nothing."""
        raise NotImplementedError


def class_weights(posts: Sequence[Post], tags: Sequence[str], power: float) -> Tensor:
    """Weights ``(tags,)`` against class imbalance: ``count ** -power``, such that the mean word weighs 1.

    A power of 1 gives each tag the same share of the loss; a tag without words weighs as much as the rarest.
    """
    found = Counter(post.labels[index] for post in posts for index in post.kept)
    rarest = min(found.values())
    counts = torch.tensor([found[tag] or rarest for tag in tags], dtype=torch.float32)
    weights = counts**-power
    words = torch.tensor([found[tag] for tag in tags], dtype=torch.float32)
    return weights * words.sum() / (weights * words).sum()
