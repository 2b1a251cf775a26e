"""Arguments that several commands take."""

import argparse
from pathlib import Path

PUBLISHED = Path("results/published")
STUDY = Path("results/default")
RESULTS = Path("results")


def add_study(command: argparse.ArgumentParser) -> None:
    """The folder of a study, ``study``."""
    command.add_argument("study", type=Path, nargs="?", default=STUDY, help=f"its folder; default: {STUDY}")


def add_results(command: argparse.ArgumentParser) -> None:
    """The folder of all results, ``results``."""
    command.add_argument("results", type=Path, nargs="?", default=RESULTS, help=f"default: {RESULTS}")


def add_published(command: argparse.ArgumentParser) -> None:
    """The folder of published runs, ``published``."""
    command.add_argument(
        "--from", type=Path, default=PUBLISHED, metavar="DIR", dest="published", help=f"default: {PUBLISHED}"
    )
