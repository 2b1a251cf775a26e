"""Attention for short posts on a processor, where torch has no fused one with dropout."""

from torch import Tensor, nn, softmax
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from mnerflow.models.dropout import drop

NAME = "mnerflow"


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    **unused: object,
) -> tuple[Tensor, None]:
    """Scaled dot products in transformers' interface.

    Args:
        module: the layer that asks.
        query: ``(batch, heads, words, d_head)``.
        key: ``(batch, heads, read, d_head)``.
        value: of the same shape.
        mask: ``(batch, 1, words, read)``, added to the scores.
        scaling: of the scores.
        dropout: share of weights that are zeroed; 0 when not training.

    Returns:
        ``(batch, words, heads, d_head)``, and no weights.
    """
    scores = (query * scaling) @ key.transpose(2, 3)
    weights = softmax(scores if mask is None else scores + mask, dim=-1)
    return (drop(weights, dropout) @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, eager_mask)
