"""Padding of rows of different lengths into one tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor


def padded(rows: Sequence[Sequence[int]], filler: int = 0) -> Tensor:
    """Pad rows with ``filler`` to ``(rows, longest)`` int64."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows], dtype=torch.long)


def mask_of(lengths: Tensor) -> Tensor:
    """Mask ``(…, longest)`` bool, true below each of the ``lengths (…)``."""
    return torch.arange(int(lengths.max())) < lengths.unsqueeze(-1)
