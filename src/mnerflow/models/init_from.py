"""Training that starts from another run: its encoders, and its head tag by tag."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mnerflow.errors import UserError
from mnerflow.log import logger


@torch.no_grad()
def start_from(
    own: dict[str, Tensor], tags: Sequence[str], learnt: dict[str, Tensor], learnt_tags: Sequence[str]
) -> None:
    """Copy into a new tagger what another one learnt.

    Encoders are carried over whole; one that the other run lacks stays as it is. Of fusion and decoder,
    tensors with an axis of tags are copied for those tags that both schemes have, others where their shapes
    agree. What stays new is logged.

    Args:
        own: trained state of the new tagger, which is written to.
        tags: its tags.
        learnt: trained state of the other one.
        learnt_tags: the other one's tags.

    Raises ``UserError`` when an encoder is of another configuration.
    """
    for encoder in ("text_encoder.", "image_encoder."):
        here, there = ({name for name in state if name.startswith(encoder)} for state in (own, learnt))
        if here and there and here != there:
            raise UserError(
                f"init_from: only one of the two runs has trained {min(here ^ there)}. Start from a run with "
                "the same encoders."
            )
    fresh = []
    for name, weight in own.items():
        if name not in learnt or name == "decoder.class_weights":  # which are counted, not learnt
            fresh.append(name)
        elif name.startswith(("text_encoder.", "image_encoder.")):
            if learnt[name].shape != weight.shape:
                raise UserError(
                    f"init_from: {name} has the shape {tuple(learnt[name].shape)} there and "
                    f"{tuple(weight.shape)} here. Start from a run with the same encoders."
                )
            weight.copy_(learnt[name])
        elif not _copy_by_tag(weight, learnt[name], tags, learnt_tags):
            fresh.append(name)
    logger.info("started from another run; new are: %s", ", ".join(fresh) or "none")


def _places(shared: Sequence[str], tags: Sequence[str], predictions: int) -> list[int]:
    """Where the shared tags stand in so many predictions in a row."""
    return [number * len(tags) + tags.index(tag) for number in range(predictions) for tag in shared]


def _copy_by_tag(weight: Tensor, learnt: Tensor, tags: Sequence[str], learnt_tags: Sequence[str]) -> bool:
    """Copy a tensor, matching the axes that count tags, or the tags of two predictions in a row; false where
    other axes differ."""
    if weight.dim() != learnt.dim():
        return False
    if not weight.dim():
        weight.copy_(learnt)
        return True
    pairs = []
    for size, learnt_size in zip(weight.shape, learnt.shape, strict=True):
        predictions = size // len(tags)
        same = (size, learnt_size) == (predictions * len(tags), predictions * len(learnt_tags))
        if predictions in (1, 2) and same:  # two of them are what partial prediction fuses
            shared = [tag for tag in tags if tag in learnt_tags]
            pairs.append((_places(shared, tags, predictions), _places(shared, learnt_tags, predictions)))
        elif size == learnt_size:
            pairs.append((list(range(size)), list(range(size))))
        else:
            return False
    axes = zip(*pairs, strict=True)
    here, there = (torch.meshgrid(*map(torch.tensor, indices), indexing="ij") for indices in axes)
    weight[here] = learnt[there]
    return True
