"""Arguments that several commands take."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PUBLISHED = Path("results/published")
STUDY = Path("results/default")
RESULTS = Path("results")

Number = TypeVar("Number", int, float)


def number_type(
    kind: Callable[[str], Number], fits: Callable[[Number], bool], wanted: str
) -> Callable[[str], Number]:
    """The type of an argument that is a number which ``fits``; otherwise argparse asks for ``wanted``."""

    def read(text: str) -> Number:
        try:
            if fits(value := kind(text)):
                return value
        except ValueError:
            pass
        raise argparse.ArgumentTypeError(f"{text!r} cannot be taken. Give {wanted}.")

    return read


def at_least(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number, ``least`` or more."""
    return number_type(int, lambda count: count >= least, f"a whole number from {least} on")


def add_study(command: argparse.ArgumentParser) -> None:
    """Add the argument ``study``, the folder of a study."""
    command.add_argument(
        "study", type=Path, nargs="?", default=STUDY, help=f"folder of the study; default: {STUDY}"
    )


def add_results(command: argparse.ArgumentParser) -> None:
    """Add the argument ``results``, the folder of all results."""
    command.add_argument(
        "results", type=Path, nargs="?", default=RESULTS, help=f"folder of all results; default: {RESULTS}"
    )


def add_published(command: argparse.ArgumentParser) -> None:
    """Add the option ``--from``, the folder of published runs; it is stored as ``published``."""
    command.add_argument(
        "--from",
        type=Path,
        default=PUBLISHED,
        metavar="DIR",
        dest="published",
        help=f"folder of published runs; default: {PUBLISHED}",
    )
