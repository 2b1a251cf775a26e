"""Compare trainings step by step, in a way that does not amplify rounding errors."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from mnerflow.compute import device

# fp32 sums of the same numbers in another order agree to the square root of its precision.
PRECISION = torch.finfo(torch.float32).eps ** 0.5


@contextmanager
def watched_steps() -> Iterator[list[torch.Tensor]]:
    """Make trainings compute in fp32 while the block runs; yields the gradient of each step.

    Each step moves the weights in a random direction instead of the gradient's. So all trainings
    have identical weights.
    """
    gradients: list[torch.Tensor] = []

    @torch.no_grad()
    def watch(optimizer: torch.optim.Optimizer, *_) -> None:
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        for group in optimizer.param_groups:
            group["lr"] = 0.0
        gradients.append(torch.cat([weight.grad.flatten() for weight in weights]))
        way = torch.Generator().manual_seed(len(gradients))
        for weight in weights:
            weight += 0.1 * torch.randn(weight.shape, generator=way)

    handle = register_optimizer_step_pre_hook(watch)
    try:
        with mock.patch.object(device, "processor_trains_bf16", lambda: False):
            yield gradients
    finally:
        handle.remove()


def assert_same(found: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> None:
    """Assert that the gradients of two trainings are the same in each step, except for rounding."""
    assert len(found) == len(expected)
    for step, (one, other) in enumerate(zip(found, expected, strict=True), start=1):
        assert (one - other).norm() < PRECISION * other.norm(), f"step {step}"
