"""Checks that weights are complete: every tensor of the model is there, and every value is finite."""

from collections.abc import Collection, Iterable
from pathlib import Path

import torch
from safetensors import safe_open

from mnerflow.errors import UserError, quantity

# In these dtypes each value is a number of its own, unlike in weights packed into fewer bits.
PLAIN = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def check_fit(
    place: str | Path,
    lacking: Collection[str],
    unread: Collection[str],
    misshapen: Collection[tuple[str, Iterable[int], Iterable[int]]],
) -> None:
    """Raise ``UserError`` if weights and model differ, since tensors that are not read would stay random.

    Args:
        place: where the weights come from, named in the message.
        lacking: tensors of the model that the weights lack.
        unread: tensors of the weights that the model has no place for.
        misshapen: tensors that both have, with their shapes in the weights and in the model.
    """
    faults = []
    if lacking:
        faults.append(
            f"{quantity(len(lacking), 'tensor is', 'tensors are')} missing, such as {min(lacking)!r}"
        )
    if misshapen:
        name, found, wanted = min(misshapen)
        having = quantity(len(misshapen), "tensor has", "tensors have")
        shapes = f"{tuple(found)} instead of {tuple(wanted)}"
        faults.append(f"{having} another shape, such as {name!r} with {shapes}")
    if unread:
        having = quantity(len(unread), "tensor has", "tensors have")
        faults.append(f"{having} no place in it, such as {min(unread)!r}")
    if faults:
        raise UserError(
            f"{place}: the weights are not those of the model that its configuration describes: "
            f"{', '.join(faults)}. Correct the `source`, or complete the folder."
        )


def check_finite(files: Iterable[Path], unread: Collection[str] = ()) -> None:
    """Raise ``UserError`` naming the first tensor in safetensors files that ``check_tensor`` refuses.

    Tensors in ``unread`` are not checked. Each file is mapped into memory, not copied, and read once.
    """
    for file in files:
        with safe_open(file, framework="pt") as tensors:
            for name in sorted(set(tensors.keys()) - set(unread)):
                check_tensor(file, name, tensors.get_tensor(name))


def check_tensor(file: Path, name: str, tensor: torch.Tensor) -> None:
    """Raise ``UserError`` if a tensor contains NaN or infinity; a scalar may be infinite, as a bound."""
    if tensor.dtype not in PLAIN or not tensor.numel() or (tensor.ndim == 0 and not tensor.isnan()):
        return
    # Minimum and maximum need no copy: twenty times as fast as a look at each value.
    if not torch.stack(tensor.aminmax()).isfinite().all():
        raise UserError(
            f"{file}: the tensor {name!r} holds values that are no numbers (NaN or infinity). Fetch the "
            "weights again, or choose others."
        )
