"""``mnerflow runs``: what was trained here."""

import argparse
from pathlib import Path

HELP = "list what was trained here, with dev and test scores"
ABOUT = "List the runs that were trained here, with their folders and their entity F1 on dev and test."


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow runs`` takes."""
    command.add_argument(
        "results", type=Path, nargs="?", default=Path("results"), help="default: %(default)s"
    )


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow runs``; returns its exit status."""
    from mnerflow.reporting.trained import trained_text

    print(trained_text(given.results), end="")
    return 0
