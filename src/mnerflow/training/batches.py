"""Batches of posts of similar length, in an order that depends on the seed and the epoch."""

import random
from collections.abc import Sequence

# Posts are sorted by length within stretches of this many batches: long enough that padding is small,
# short enough that an epoch's order stays random.
STRETCH = 50


def batches(lengths: Sequence[int], max_units: int) -> list[list[int]]:
    """Sort indices by length and cut them into batches of at most ``max_units`` padded units.

    A post longer than ``max_units`` becomes a batch of its own. The order is stable: equal input gives equal
    batches.
    """
    result: list[list[int]] = []
    current: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        if current and lengths[index] * (len(current) + 1) > max_units:
            result.append(current)
            current = []
        current.append(index)
    return [*result, current] if current else result


def shuffled_batches(lengths: Sequence[int], max_units: int, seed: int, epoch: int) -> list[list[int]]:
    """Training batches of one epoch: random posts of similar length, in random order.

    The result depends only on the arguments, so a resumed run finds its place again.
    """
    generator = random.Random(f"{seed}/{epoch}")
    order = list(range(len(lengths)))
    generator.shuffle(order)
    mean = max(1, sum(lengths) // max(1, len(lengths)))
    stretch = STRETCH * max(1, max_units // mean)
    result = []
    for start in range(0, len(order), stretch):
        part = order[start : start + stretch]
        result += [[part[i] for i in batch] for batch in batches([lengths[i] for i in part], max_units)]
    generator.shuffle(result)
    return result
