"""Decoders turn emissions into tags: one class a file; the file's name is the name in the configuration."""

from torch import Tensor, nn


class Decoder(nn.Module):
    """Scores tag sequences and finds the best one."""

    def __init__(self, tags: list[str]) -> None:
        super().__init__()
        self.tags = tags

    def loss(self, emissions: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean loss a word, a scalar, of ``emissions (batch, words, tags)`` and ``labels (batch, words)``."""
        raise NotImplementedError

    def decode(self, emissions: Tensor, word_mask: Tensor) -> Tensor:
        """Return tag indices ``(batch, words)`` int64; what lies outside ``word_mask`` means nothing."""
        raise NotImplementedError
