"""Attention that is computed in fewer operations than transformers', gradients included."""

import copy
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from tiny_run import RUN
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from mnerflow.compute import device as compute
from mnerflow.config import PartConfig
from mnerflow.data.post import Post
from mnerflow.models import attention, dropout
from mnerflow.models.attention import (
    AttentionFunction,
    SelfAttention,
    concatenate_weights,
    replace_self_attention,
)
from mnerflow.models.dropout import draw, drop_gradient
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.tagger import new_tagger
from mnerflow.models.text_encoders.transformer import REPLACED_ATTENTION
from mnerflow.training.inputs import Inputs
from mnerflow.training.optimizer import Optimizer

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from operations import Operations

SIZES = {"vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
IDS = torch.tensor([[0, 5, 6, 7, 2], [0, 8, 2, 1, 1]])
SEEN = (IDS != 1).long()


def tiny_model(family: str) -> PreTrainedModel:
    """A tiny random model that does not drop; its weights are large enough for scores to differ."""
    torch.manual_seed(0)
    settings = AutoConfig.for_model(family, **SIZES, intermediate_size=16, pad_token_id=1)
    model = AutoModel.from_config(settings, attn_implementation="eager").eval()
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.5)
    return model


def inputs(heads: int, length: int) -> tuple[Tensor, Tensor, Tensor | None, list[Tensor]]:
    torch.manual_seed(0)
    hidden = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(2 * heads, 3, length + 3, dtype=torch.float64)
    bias[0, :, -1] = float("-inf")
    prefix = torch.randn(2, 2, heads, length, 4 // heads, dtype=torch.float64, requires_grad=True)
    shapes = [(4, 4)] * 3 + [(4,)] * 3
    projections = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    return hidden, bias.requires_grad_(), prefix if length else None, projections


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("length", [0, 2])
def test_attention_and_its_gradient_are_by_the_formula(length: int, dropout: float, monkeypatch) -> None:
    heads = 2
    hidden, bias, prefix, projections = inputs(heads, length)
    kept = 2.0 * (torch.rand(2 * heads, 3, length + 3) < 0.5).double()
    monkeypatch.setattr(attention, "draw", lambda weights, p: (weights * kept, kept))
    context = AttentionFunction.apply(hidden, bias, prefix, heads, dropout, *projections)

    query, key, value = (
        nn.functional.linear(hidden, *pair).view(2, 3, heads, 2).transpose(1, 2)
        for pair in zip(projections[:3], projections[3:], strict=True)
    )
    if prefix is not None:
        key, value = torch.cat([prefix[0], key], 2), torch.cat([prefix[1], value], 2)
    weights = (query @ key.mT / 2**0.5 + bias.view(2, heads, 3, -1)).softmax(-1)
    weights = weights * kept.view(weights.shape) if dropout else weights
    torch.testing.assert_close(context, (weights @ value).transpose(1, 2).flatten(2))

    # A score of minus infinity has no difference to compare a gradient with.
    finite = bias.detach().clamp(min=-1e3).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda *given: AttentionFunction.apply(*given[:2], prefix, heads, dropout, *given[2:]),
        (hidden, finite, *projections),
    )
    if prefix is not None:
        assert torch.autograd.gradcheck(
            lambda given: AttentionFunction.apply(hidden, finite, given, heads, dropout, *projections),
            (prefix,),
        )


def test_the_gradient_of_dropout_is_torchs() -> None:
    values = torch.randn(64, requires_grad=True)
    for p in (0.0, 0.3, 1.0):
        for dropped, kept in (draw(values, p), torch.native_dropout(values, p, True)):
            [found] = torch.autograd.grad(dropped, values, torch.arange(64.0))
            assert torch.equal(drop_gradient(torch.arange(64.0), kept, p), found)


@pytest.mark.parametrize("prefixed", [False, True])
@pytest.mark.parametrize("family", REPLACED_ATTENTION)
def test_a_family_computes_as_transformers_has_it(family: str, prefixed: bool) -> None:
    if family == "mpnet" and prefixed:
        pytest.skip("MPNet takes no keys from outside")
    theirs = tiny_model(family)
    ours = copy.deepcopy(theirs)
    replace_self_attention(ours)
    assert sum(isinstance(module, SelfAttention) for module in ours.modules()) == 2
    assert [*ours.state_dict()] == [*theirs.state_dict()]
    found = []
    for model in (ours, theirs):
        prefix = torch.linspace(-2, 2, 2 * 2 * 2 * 2 * 3 * 4).view(2, 2, 2, 2, 3, 4).requires_grad_()
        given = {"attention_mask": SEEN}
        if prefixed:
            cache = LayerPrefix(prefix, torch.tensor([True, False]))
            hidden = (1.0 - SEEN)[:, None, None].expand(-1, 1, 5, -1) * torch.finfo(torch.float32).min
            given = {"attention_mask": cache.extend(hidden), "past_key_values": cache}
        last = model(IDS, **given).last_hidden_state
        last[SEEN.bool()].square().sum().backward()
        gradients = {name: weight.grad for name, weight in model.named_parameters() if "pooler" not in name}
        assert all(gradient is not None for gradient in gradients.values())
        found.append([last[SEEN.bool()], prefix.grad, gradients])
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family", REPLACED_ATTENTION)
def test_padding_is_not_read(family: str) -> None:
    model = tiny_model(family)
    replace_self_attention(model)
    padded = model(IDS, attention_mask=SEEN).last_hidden_state[1:, :3]
    alone = model(IDS[1:, :3], attention_mask=SEEN[1:, :3]).last_hidden_state
    torch.testing.assert_close(padded, alone)


def test_half_precision_is_that_of_autocast() -> None:
    model = tiny_model("bert")
    whole = model(IDS, attention_mask=SEEN).last_hidden_state
    replace_self_attention(model)
    with torch.autocast("cpu", torch.bfloat16):
        half = model(IDS, attention_mask=SEEN).last_hidden_state
    half.square().sum().backward()
    assert {weight.grad.dtype for weight in model.encoder.parameters()} == {torch.float32}
    torch.testing.assert_close(half.float(), whole, rtol=0.1, atol=0.1)


def test_weights_are_copied_only_where_they_lie_apart() -> None:
    row = torch.arange(24.0)
    parts = [part.view(4, 2) for part in row.chunk(3)]
    assert concatenate_weights(parts).data_ptr() == row.data_ptr() and torch.equal(
        concatenate_weights(parts), row.view(12, 2)
    )
    for apart in ([parts[0], parts[2], parts[1]], [part.clone() for part in parts]):
        assert torch.equal(concatenate_weights(apart), torch.cat(apart))
    assert all(
        one.data_ptr() != other.data_ptr() for one, other in pairwise([concatenate_weights(apart), apart[0]])
    )


def test_a_layer_asks_a_gpu_for_few_operations(tiny_bert: Path, posts: list[Post], monkeypatch) -> None:
    monkeypatch.setattr(compute, "reads_without_sync", lambda device: False)
    for module in (attention, dropout):
        monkeypatch.setattr(module, "draw", lambda values, p: torch.native_dropout(values, p, True))
    asked = []
    for layers, layer_dtype in ((1, torch.bfloat16), (2, torch.bfloat16), (2, None)):
        text = PartConfig("transformer", {"layers": layers}, weights=str(tiny_bert))
        run = replace(RUN, entity_types=("PER", "LOC"), text_encoder=text, image_encoder=None)
        run = replace(run, fusion=PartConfig("text_only"))
        tagger = new_tagger(run, posts, 0).train()
        optimizer = Optimizer(tagger, run.training, 4, layer_dtype)
        batch = Inputs(posts, tagger).batch([0, 1, 2])
        with Operations() as operations:
            tagger.loss(batch).backward()
            optimizer.step()
        asked.append(sum(operations.found.values()))
        assert not operations.found["cat"], "the joint weights are views"
    assert asked[1] - asked[0] <= 44
