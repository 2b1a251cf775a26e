"""``mnerflow runs``: list the trained runs."""

import argparse

from mnerflow.cli._arguments import add_results

HELP = "list the runs that were trained here, with dev and test scores"
ABOUT = "List the runs that were trained here, with their folders and their entity F1 on dev and test."


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow runs``."""
    add_results(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow runs``; returns its exit status."""
    from mnerflow.reporting.trained import trained_text

    print(trained_text(given.results), end="")
    return 0
