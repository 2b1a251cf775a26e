"""Dropout whose random numbers take a third of the processor time of torch's."""

import torch
from torch import Tensor, nn


def draw(values: Tensor, p: float) -> tuple[Tensor, Tensor]:
    """Apply dropout: zero values with probability ``p`` and scale up the others.

    On a processor, ``p`` is rounded to a multiple of 1/65,536, and 16 random bits decide on a value, where
    torch draws a Bernoulli variable. A GPU uses torch's own dropout.

    Returns:
        The values after dropout, of the same shape and dtype, and a mask for ``drop_gradient``.
    """
    dropped = round(p * 2**16)
    if values.device.type != "cpu" or dropped in (0, 2**16):
        return torch.native_dropout(values, p, True)
    bits = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    drawn = bits.view(torch.int16)[: values.numel()].view(values.shape)
    kept = (drawn >= dropped - 2**15).to(values.dtype).mul_(2**16 / (2**16 - dropped))
    return values * kept, kept


def drop_gradient(gradient: Tensor, kept: Tensor, p: float) -> Tensor:
    """The gradient of the input of ``draw``, given the gradient of its output and its mask."""
    if kept.dtype is torch.bool:
        return torch.ops.aten.native_dropout_backward(gradient, kept, 1 / (1 - p) if p < 1 else 0.0)
    return gradient * kept


class Dropout(nn.Dropout):
    """``nn.Dropout`` that is computed by ``draw``."""

    def forward(self, values: Tensor) -> Tensor:
        """Return values of the same shape and dtype; outside training, return them unchanged."""
        return draw(values, self.p)[0] if self.training and self.p else values


def replace_dropout(model: nn.Module) -> None:
    """Replace every ``nn.Dropout`` within a model by ``Dropout``."""
    for module in model.modules():
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, Dropout(child.p).train(child.training))
