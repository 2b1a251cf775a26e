"""Every word's tag on its own."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from mnerflow.models.decoders import Decoder


class Softmax(Decoder):
    """Cross-entropy a word; the tag with the highest emission."""

    def loss(self, emissions: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean cross-entropy over the words, in fp32."""
        return cross_entropy(emissions[word_mask].float(), labels[word_mask])

    def decode(self, emissions: Tensor, word_mask: Tensor) -> Tensor:
        """Return the arg max of each word's emissions."""
        return emissions.argmax(-1)
