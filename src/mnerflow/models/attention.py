"""Self-attention with fewer operations than in transformers, and the masks that both need."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask, sdpa_mask

from mnerflow.compute import device as compute
from mnerflow.models.dropout import draw, drop_gradient
from mnerflow.models.layer_prefix import LayerPrefix

EXPLICIT_MASK = "mnerflow-explicit-mask"
# Names that model families give to the query, key and value projections.
PROJECTIONS = (("query", "key", "value"), ("q", "k", "v"))


class AttentionFunction(torch.autograd.Function):
    """Multi-head self-attention up to its output projection, with a hand-written backward pass.

    It follows Vaswani et al. 2017, section 3.2, with a bias ``B`` added to the scores and dropout after the
    softmax::

        Q, K, V = X Wqᵀ + bq, X Wkᵀ + bk, X Wvᵀ + bv
        P = softmax(Q Kᵀ / √d_head + B)
        C = dropout(P) V

    One product computes queries, keys and values, and one copy lays them out head by head. Scaling and ``B``
    are part of the product that computes the scores. A layer of MPNet therefore needs 45 operations, its
    backward pass included, instead of 63.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        bias: Tensor,
        prefix: Tensor | None,
        heads: int,
        dropout: float,
        *projections: Tensor,
    ) -> Tensor:
        """Compute ``C (windows, subwords, d_model)`` in the dtype that ``dtype_of`` returns.

        Args:
            ctx: stores what the backward pass needs.
            hidden: ``X (windows, subwords, d_model)``.
            bias: ``B (windows * heads, subwords, keys)`` in the dtype of ``C``, or a zero ``(1, 1, 1)``.
            prefix: keys and values ``(2, windows, heads, length, d_head)`` placed before those of the
                subwords.
            heads: number of attention heads.
            dropout: share of ``P`` that is zeroed; 0 when not training.
            projections: ``Wq, Wk, Wv (d_model, d_model), bq, bk, bv (d_model)``.
        """
        dtype = dtype_of(hidden)
        hidden = hidden.to(dtype)
        weight = concatenate_weights(projections[:3]).to(dtype)
        joint = nn.functional.linear(hidden, weight, concatenate_weights(projections[3:]).to(dtype))
        query, key, value = joint.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4).flatten(1, 2)
        if prefix is not None:
            before = prefix.to(dtype).flatten(1, 2)
            key, value = torch.cat([before[0], key], 1), torch.cat([before[1], value], 1)
        scores = torch.baddbmm(bias, query, key.mT, alpha=query.shape[2] ** -0.5)
        weights = scores.softmax(-1, dtype)
        dropped, kept = draw(weights, dropout) if dropout else (weights, None)
        ctx.heads, ctx.dropout = heads, dropout
        ctx.save_for_backward(hidden, weight, query, key, value, weights, dropped, kept)
        return torch.bmm(dropped, value).unflatten(0, (-1, heads)).transpose(1, 2).flatten(2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the inputs of ``forward``, given the gradient of ``C``.

        With ``D = dropout(P)`` and the scores ``S``: ``dV = Dᵀ dC``, ``dD = dC Vᵀ``,
        ``dB = dS = P ∘ (dP - rowsum(dP ∘ P))``, ``dQ = dS K / √d_head``, ``dK = dSᵀ Q / √d_head``.
        """
        hidden, weight, query, key, value, weights, dropped, kept = ctx.saved_tensors
        scale, length = query.shape[2] ** -0.5, key.shape[1] - query.shape[1]
        outer = gradient.unflatten(2, (ctx.heads, -1)).transpose(1, 2).flatten(0, 1)
        inner = torch.bmm(outer, value.mT)
        if kept is not None:
            inner = drop_gradient(inner, kept, ctx.dropout)
        inner = torch._softmax_backward_data(inner, weights, -1, weights.dtype)
        joint = query.new_empty(3, *key.shape)  # gradients of queries, keys and values, prefix included
        torch.baddbmm(query, inner, key, beta=0, alpha=scale, out=joint[0, :, length:])
        torch.baddbmm(key, inner.mT, query, beta=0, alpha=scale, out=joint[1])
        torch.bmm(dropped.mT, outer, out=joint[2])
        of_prefix = joint[1:, :, :length].unflatten(1, (-1, ctx.heads)) if length else None
        of_joint = joint[:, :, length:].unflatten(1, (-1, ctx.heads)).permute(1, 3, 0, 2, 4).flatten(2)
        rows = of_joint.flatten(0, 1)
        of_hidden = of_joint @ weight if ctx.needs_input_grad[0] else None
        of_projections: Sequence[Tensor | None] = [None] * 6
        if any(ctx.needs_input_grad[5:]):
            of_projections = [*(rows.mT @ hidden.flatten(0, 1)).chunk(3), *rows.sum(0).chunk(3)]
        of_bias = inner if ctx.needs_input_grad[1] else None
        return of_hidden, of_bias, of_prefix, None, None, *of_projections


class SelfAttention(nn.Module):
    """Replaces a model family's own self-attention module and keeps its layers under the same names."""

    dropout: nn.Dropout

    def __init__(self, native: nn.Module) -> None:
        super().__init__()
        for name, layer in native.named_children():
            self.add_module(name, layer)
        self.train(native.training)
        [self._projections] = [names for names in PROJECTIONS if hasattr(native, names[0])]
        for kind in ("weight", "bias"):  # adjacent in memory: ``concatenate_weights`` copies nothing
            parts = [getattr(getattr(self, name), kind) for name in self._projections]
            for part, view in zip(parts, torch.cat([part.data for part in parts]).chunk(3), strict=True):
                part.data = view
        self._heads = native.num_attention_heads
        self._number = getattr(native, "layer_idx", None)

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor,
        position_bias: None = None,
        past_key_values: object = None,
        **unused: object,
    ) -> tuple[Tensor, None]:
        """Attend among subwords: returns ``(windows, subwords, d_model)``, and ``None`` for the weights.

        ``attention_mask`` is the ``bias`` of ``AttentionFunction``. ``past_key_values`` may be a
        ``LayerPrefix``.
        """
        layers: list[Any] = [getattr(self, name) for name in self._projections]
        weights, biases = [layer.weight for layer in layers], [layer.bias for layer in layers]
        prefix = None
        if isinstance(past_key_values, LayerPrefix):
            prefix = past_key_values.keys_values[self._number]
        share = self.dropout.p if self.training else 0.0
        read = AttentionFunction.apply(
            hidden_states, attention_mask, prefix, self._heads, share, *weights, *biases
        )
        output = getattr(self, "o", None)  # MPNet's output projection
        return read if output is None else output(read), None


def replace_self_attention(model: PreTrainedModel) -> None:
    """Replace the self-attention of a BERT, RoBERTa, ELECTRA or MPNet by ``SelfAttention``.

    The attention bias is then computed once per step and shared by all layers.
    """
    encoder: Any = model.encoder
    for module in encoder.modules():
        for name, child in module.named_children():
            if type(child).__name__.endswith("SelfAttention"):
                setattr(module, name, SelfAttention(child))
    positions = getattr(encoder, "compute_position_bias", None)
    if positions is not None:
        encoder.compute_position_bias = lambda hidden: None  # it is part of the bias
    heads = model.config.num_attention_heads
    encoder.register_forward_pre_hook(partial(_with_bias, positions, heads), with_kwargs=True)
    model.set_attn_implementation("eager")  # whose masks are added to the scores


def _with_bias(
    positions: Callable[[Tensor], Tensor] | None, heads: int, encoder: nn.Module, given: Any, named: Any
) -> tuple[Any, dict[str, Any]]:
    """An encoder's arguments, with the ``bias`` of ``AttentionFunction`` instead of the mask."""
    [hidden] = given
    bias = named["attention_mask"]
    if positions is not None:
        bias = positions(hidden) if bias is None else positions(hidden) + bias
    bias = hidden.new_zeros(1, 1, 1) if bias is None else bias.expand(-1, heads, -1, -1).flatten(0, 1)
    return given, named | {"attention_mask": bias.to(dtype_of(hidden))}


def dtype_of(hidden: Tensor) -> torch.dtype:
    """The dtype that products with ``hidden`` are computed in: autocast's where it is enabled."""
    place = hidden.device.type
    return torch.get_autocast_dtype(place) if torch.is_autocast_enabled(place) else hidden.dtype


def concatenate_weights(weights: Sequence[Tensor]) -> Tensor:
    """Concatenate weights along their first axis, without a copy where they are adjacent in memory.

    ``Masters`` lays weights out in this way.
    """
    if not torch.compiler.is_exporting():  # weights of a graph have no address
        first = weights[0]
        in_one = len({weight.untyped_storage().data_ptr() for weight in weights}) == 1
        if in_one and all(b.storage_offset() - a.storage_offset() == a.numel() for a, b in pairwise(weights)):
            return first.as_strided((len(weights) * len(first), *first.shape[1:]), first.stride())
    return torch.cat([*weights])


def explicit_mask(**arguments: Any) -> Tensor:
    """The additive mask of ``eager_mask``, returned even where it hides nothing.

    A language model's layer that receives no mask hides everything to the right of a subword.
    """
    return eager_mask(**arguments | {"allow_is_bidirectional_skip": False})


def mask_without_sync(mask: Callable[..., Tensor | None], **arguments: Any) -> Tensor | None:
    """Call ``mask``; a GPU gets a mask even where nothing is hidden.

    To find out that nothing is hidden would mean waiting for the GPU.
    """
    if not compute.reads_without_sync(torch.device(arguments["device"])):
        arguments["allow_is_bidirectional_skip"] = False
    return mask(**arguments)


AttentionInterface.register(EXPLICIT_MASK, sdpa_attention_forward)
AttentionMaskInterface.register(EXPLICIT_MASK, explicit_mask)
AttentionMaskInterface.register("eager", partial(mask_without_sync, eager_mask))
AttentionMaskInterface.register("sdpa", partial(mask_without_sync, sdpa_mask))
