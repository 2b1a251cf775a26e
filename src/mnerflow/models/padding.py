"""Rows of different lengths as one tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor


def padded(rows: Sequence[Sequence[int]], filler: int = 0) -> Tensor:
    """``(rows, longest)`` int64, each row filled up with ``filler``."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows], dtype=torch.long)


def mask_of(lengths: Tensor) -> Tensor:
    """``(…, longest)`` bool, true below each of the lengths ``(…)``."""
    return torch.arange(int(lengths.max())) < lengths.unsqueeze(-1)
