"""Several processes that train one tagger: each takes a share of every batch, all take the same step.

Outside of ``join``, as in most runs, there is one process, and every function here but ``seed_step`` leaves
things as they are.
"""

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import numpy
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh

from mnerflow.errors import UserError
from mnerflow.log import logger

T = TypeVar("T")


@contextmanager
def join() -> Iterator[None]:
    """Meet the other processes that torchrun started, through NCCL on GPUs, one each, else through gloo.

    Raises ``UserError`` when there are GPUs, but not one for each.
    """
    backend, own = "gloo", int(os.environ["LOCAL_RANK"])
    if torch.cuda.is_available():
        wanted, found = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
        if found < wanted:
            raise UserError(
                f"training.processes: {wanted} processes need a GPU each, and the job sees {found}. "
                "Ask for more, or lower the setting."
            )
        torch.cuda.set_device(own)
        backend = "cpu:gloo,cuda:nccl"
    # A dead process is noticed by its launcher; none is dead because the first one writes for long.
    dist.init_process_group(backend, timeout=timedelta(days=1))
    yield
    dist.destroy_process_group()


def size() -> int:
    """How many processes train the tagger."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Which of them this one is; 0 logs and writes."""
    return dist.get_rank() if dist.is_initialized() else 0


def share(chosen: Sequence[int]) -> Sequence[int]:
    """This process's posts of a batch: every ``size``-th, so that all get short and long ones."""
    return chosen[rank() :: size()]


def seed_step(seed: int, epoch: int, step: int) -> None:
    """Seed Python's and numpy's generators, which checkpoints do not hold: a resumed run draws the same.

    Where several processes train, PyTorch's, too: each drops out other units.
    """
    drawn = random.Random(f"{seed}/{epoch}/{step}/{rank()}").getrandbits(63)
    random.seed(drawn)
    numpy.random.seed(drawn % 2**32)
    if size() > 1:
        torch.manual_seed(drawn)


def add_up(weights: Iterable[nn.Parameter], loss: torch.Tensor) -> torch.Tensor:
    """Replace gradients, and return the loss, by their sums over all processes, the same in each."""
    if size() == 1:
        return loss
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    flat = torch.cat([*(gradient.flatten() for gradient in gradients), loss.reshape(1)])
    dist.all_reduce(flat)
    *sums, loss = flat.split([*(gradient.numel() for gradient in gradients), 1])
    for gradient, total in zip(gradients, sums, strict=True):
        gradient.copy_(total.view_as(gradient))
    return loss.squeeze()


def from_first(value: T) -> T:
    """What the first process has, a picklable value."""
    if size() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values, device=torch.device("cpu"))
    return values[0]


def align(tensors: Iterable[torch.Tensor]) -> None:
    """Overwrite tensors by those of the first process."""
    if size() > 1:
        for tensor in tensors:
            dist.broadcast(tensor, src=0)


def shard_frozen(model: nn.Module) -> None:
    """Leave of each frozen weight only this process's part; a layer's are whole while it computes (FSDP2).

    From then on all processes must compute at once. Trained weights stay whole in each.
    """
    if size() > 1:
        from torch.distributed.fsdp import fully_shard  # a second that only this needs

        mesh = init_device_mesh("cuda" if torch.cuda.is_available() else "cpu", (size(),))
        trained = {weight for weight in model.parameters() if weight.requires_grad}
        layers = [layer for part in model.children() if isinstance(part, nn.ModuleList) for layer in part]
        for module in (*layers, model):
            fully_shard(module, mesh=mesh, ignored_params=trained)
        frozen = [weight for weight in model.parameters() if not weight.requires_grad]
        kept, whole = sum(weight.to_local().numel() for weight in frozen), sum(map(torch.numel, frozen))
        logger.info("sharded: this process keeps %d of %d frozen weights", kept, whole)
