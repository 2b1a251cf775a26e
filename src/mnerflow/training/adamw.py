"""AdamW with PyTorch's fused kernel, without the compiler that PyTorch's own class imports."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), for all weights of a group at once.

    ``torch.optim.AdamW`` updates weights identically, but it imports a compiler only to exclude itself from
    compilation. This takes two seconds at each start.

    Args:
        groups: dictionaries with weights as ``params``, their ``lr`` and ``weight_decay``.
    """

    def __init__(self, groups: Sequence[dict[str, Any]]) -> None:
        self.groups = groups
        self._moments: dict[Tensor, list[Tensor]] = {}  # means, mean squares, steps

    @torch.no_grad()
    def step(self, share: float) -> None:
        """Update the weights that have gradients; ``share`` scales their learning rates."""
        for group in self.groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            moments = [self._moments.get(weight) or self._begin(weight) for weight in weights]
            means, squares, steps = map(list, zip(*moments, strict=True))
            adamw(
                weights,
                [weight.grad for weight in weights],
                means,
                squares,
                [],
                steps,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=share * group["lr"],
                weight_decay=group["weight_decay"],
                eps=1e-8,
                maximize=False,
            )

    def forget_gradients(self) -> None:
        """Set the gradients of all weights to ``None``."""
        for weight in self._weights:
            weight.grad = None

    def state(self) -> dict[int, list[Tensor]]:
        """State for a checkpoint: mean, mean square and steps of each weight, by the weight's number."""
        numbers = {weight: number for number, weight in enumerate(self._weights)}
        return {numbers[weight]: moments for weight, moments in self._moments.items()}

    def load_state(self, state: dict[int, list[Tensor]]) -> None:
        """Restore a state that ``state`` returned."""
        weights = self._weights
        self._moments = {
            weights[number]: [moment.to(weights[number].device) for moment in moments]
            for number, moments in state.items()
        }

    @property
    def _weights(self) -> list[Tensor]:
        return [weight for group in self.groups for weight in group["params"]]

    def _begin(self, weight: Tensor) -> list[Tensor]:
        steps = torch.zeros((), dtype=torch.float32, device=weight.device)
        self._moments[weight] = [torch.zeros_like(weight), torch.zeros_like(weight), steps]
        return self._moments[weight]
