"""Checks of numbers from people and files; they reject NaN, which passes most comparisons unnoticed."""

import sys


def is_finite(number: float) -> bool:
    """Whether a number is neither NaN nor infinite, nor an integer beyond the range of floats."""
    return -sys.float_info.max <= number <= sys.float_info.max


def finite(text: str) -> float:
    """Parse a number; raises ``ValueError`` for anything else, including NaN and infinity."""
    if not is_finite(number := float(text)):
        raise ValueError(f"{text} is not a finite number")
    return number
