"""Numbers as people and files give them; NaN, which passes most comparisons unseen, is refused as none."""

import sys


def is_finite(number: float) -> bool:
    """Whether it is neither NaN nor infinite, nor a whole number that no float can hold."""
    return -sys.float_info.max <= number <= sys.float_info.max


def finite(text: str) -> float:
    """Read a number; raises ``ValueError`` for what is none, NaN and infinity among it."""
    if not is_finite(number := float(text)):
        raise ValueError(f"{text} is not a finite number")
    return number
