"""Initialization from another run: its encoders, its fusion, and its decoder tag by tag."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mnerflow.errors import UserError
from mnerflow.log import logger
from mnerflow.models.decoders import Decoder


@torch.no_grad()
def start_from(
    new_state: dict[str, Tensor], decoder: Decoder, learnt: dict[str, Tensor], learnt_tags: Sequence[str]
) -> None:
    """Copy the trained weights of another run into a new tagger.

    Encoders are copied whole; an encoder that the other run lacks keeps its initial weights. Tensors of
    fusion and decoder are copied if their shapes agree. Along axes that count tags or types according to the
    decoder, the entries of those that both runs have are copied. Tensors that stay new are logged.

    Args:
        new_state: trained state of the new tagger; it is modified in place.
        decoder: decoder of the new tagger.
        learnt: trained state of the other run.
        learnt_tags: tags of the other run.

    Raises ``UserError`` if an encoder of the two runs is configured differently.
    """
    for encoder in ("encoder.text.", "encoder.image."):
        names, others = (
            {name for name in state if name.startswith(encoder)} for state in (new_state, learnt)
        )
        if names and others and names != others:
            raise UserError(
                f"init_from: only one of the two runs has trained {min(names ^ others)}. Start from a run "
                "with the same encoders."
            )
    fresh = []
    here, there = decoder.named_axes(decoder.tags), decoder.named_axes(learnt_tags)
    for name, weight in new_state.items():
        part, _, inner = name.partition(".")
        if name not in learnt:
            fresh.append(name)
        elif part == "encoder":
            if learnt[name].shape != weight.shape:
                raise UserError(
                    f"init_from: {name} has the shape {tuple(learnt[name].shape)} there and "
                    f"{tuple(weight.shape)} here. Start from a run with the same encoders."
                )
            weight.copy_(learnt[name])
        elif part == "decoder" and here is None and decoder.tags != list(learnt_tags):
            fresh.append(name)
        elif part == "decoder" and here and there and inner in here:
            if not _copy_by_name(weight, learnt[name], here[inner], there[inner]):
                fresh.append(name)
        elif weight.shape == learnt[name].shape:
            weight.copy_(learnt[name])
        else:
            fresh.append(name)
    logger.info("started from another run; new are: %s", ", ".join(fresh) or "none")


def _copy_by_name(
    weight: Tensor,
    learnt: Tensor,
    names: Sequence[Sequence[str] | None],
    learnt_names: Sequence[Sequence[str] | None],
) -> bool:
    """Copy the entries of a tensor whose names both have along its axes; false if the other axes differ."""
    shape = tuple(
        size if named is None else len(named) for size, named in zip(weight.shape, learnt_names, strict=True)
    )
    if learnt.shape != shape:
        return False
    pairs = []
    for size, named, learnt_named in zip(weight.shape, names, learnt_names, strict=True):
        if named is None or learnt_named is None:
            pairs.append((list(range(size)), list(range(size))))
        else:
            shared = [name for name in named if name in learnt_named]
            pairs.append(([*map(named.index, shared)], [*map(learnt_named.index, shared)]))
    axes = zip(*pairs, strict=True)
    here, there = (torch.meshgrid(*map(torch.tensor, indices), indexing="ij") for indices in axes)
    weight[here] = learnt[there]
    return True
