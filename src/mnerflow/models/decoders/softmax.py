"""Every word's tag on its own."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from mnerflow.models.decoders import Decoder


class Softmax(Decoder):
    """Cross-entropy a word, weighted or focal where asked; the tag with the highest emission."""

    def __init__(self, tags: list[str], class_weights: Tensor | None = None, focal: float = 0.0) -> None:
        super().__init__(tags)
        self.focal = focal
        self.register_buffer("class_weights", class_weights)

    def loss(self, emissions: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean loss a word, in fp32: ``w (1 - p)^focal (-log p)``, ``p`` being the right tag's probability
        and ``w`` its class weight (Lin et al. 2017)."""
        labels = labels[word_mask]
        losses = cross_entropy(emissions[word_mask].float(), labels, reduction="none")
        if self.focal:
            # Where p is 1 in fp32, a power below 1 has no derivative.
            losses = (1 - (-losses).exp()).clamp(min=1e-6) ** self.focal * losses
        if self.class_weights is not None:
            losses = self.class_weights[labels] * losses
        return losses.mean()

    def decode(self, emissions: Tensor, word_mask: Tensor) -> Tensor:
        """Return the arg max of each word's emissions."""
        return emissions.argmax(-1)
