"""Master weights in fp32 for layers that compute with copies of half as many bits."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mnerflow.models.tagger import Tagger


class Masters:
    """The fp32 weights of a tagger that ``Tagger.cast_layers`` has converted to another dtype.

    The trained ones are joined into a few long vectors. Gradients are copied into these all at once, and each
    step rounds them to the tagger's weights all at once. Autocast would need several operations per weight.

    Args:
        tagger: tagger in fp32; it is cast until ``release``.
        groups: ``parameter_groups`` of the tagger.
        dtype: dtype of the copies.

    Attributes:
        groups: the same groups, with the vectors instead of the weights that are joined in them.
    """

    def __init__(self, tagger: Tagger, groups: Sequence[dict[str, Any]], dtype: torch.dtype) -> None:
        self._tagger = tagger
        exact = (weight for weight in tagger.parameters() if weight.dtype is torch.float32)
        self._whole = {weight: weight.data for weight in exact}
        tagger.cast_layers(dtype)
        self._joints: list[_Joint] = []
        self.groups = []
        for group in groups:
            cast = [weight for weight in group["params"] if weight.dtype is not torch.float32]
            others = [weight for weight in group["params"] if weight.dtype is torch.float32]
            if cast:
                self._joints.append(_Joint(cast, [self._whole.pop(weight) for weight in cast]))
                others.insert(0, self._joints[-1].vector)
            self.groups.append(group | {"params": others})

    @property
    def weights(self) -> list[nn.Parameter]:
        """All weights of ``groups``."""
        return [weight for group in self.groups for weight in group["params"]]

    def gather(self) -> None:
        """Move the gradients of the tagger's weights to the vectors."""
        for joint in self._joints:
            joint.gather()

    def spread(self) -> None:
        """Round the vectors to the tagger's weights."""
        for joint in self._joints:
            joint.spread()

    def trained_state(self) -> dict[str, Tensor]:
        """The state of ``Tagger.trained_state``, in fp32."""
        exact = self._exact()
        names = dict(self._tagger.named_parameters())
        return self._tagger.trained_state() | {
            name: exact[weight] for name, weight in names.items() if weight in exact
        }

    def load_trained_state(self, state: dict[str, Tensor]) -> None:
        """Load a state that ``trained_state`` returned."""
        self._tagger.load_trained_state(state)
        exact = self._exact()
        for name, weight in self._tagger.named_parameters():
            if weight in exact:
                exact[weight].copy_(state[name])
        self.spread()

    def release(self) -> None:
        """Convert the tagger back to fp32, with the values of the master weights."""
        for weight, whole in (self._whole | self._exact()).items():
            weight.data = whole
        self._tagger.cast_layers(torch.float32)

    def _exact(self) -> dict[nn.Parameter, Tensor]:
        return {weight: part for joint in self._joints for weight, part in joint.parts.items()}


class _Joint:
    """Weights of one dtype, with their fp32 values joined in a ``vector``; ``parts`` are views of it."""

    def __init__(self, weights: Sequence[nn.Parameter], values: Sequence[Tensor]) -> None:
        self._weights = weights
        self.vector = nn.Parameter(torch.cat([value.flatten() for value in values]))
        self.parts = dict(zip(weights, self._cut(self.vector.detach()), strict=True))
        self._copy = self.vector.detach().to(weights[0].dtype)
        for weight, part in zip(weights, self._cut(self._copy), strict=True):
            weight.data = part
        self._gradient = torch.zeros_like(self.vector)
        self._gradients = self._cut(self._gradient)

    def gather(self) -> None:
        pairs = zip(self._gradients, self._weights, strict=True)
        found = [(part, weight.grad) for part, weight in pairs if weight.grad is not None]
        if len(found) < len(self._weights):
            self._gradient.zero_()
        if found:
            torch._foreach_copy_([part for part, _ in found], [gradient for _, gradient in found])
        self.vector.grad = self._gradient
        for weight in self._weights:
            weight.grad = None

    def spread(self) -> None:
        self._copy.copy_(self.vector.detach())

    def _cut(self, vector: Tensor) -> list[Tensor]:
        parts = vector.split([weight.numel() for weight in self._weights])
        return [part.view(weight.shape) for part, weight in zip(parts, self._weights, strict=True)]
