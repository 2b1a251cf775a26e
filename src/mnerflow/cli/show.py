"""``mnerflow show``: the results of a study, on the terminal."""

import argparse

from mnerflow.cli._arguments import add_study

HELP = "print the table of a study and where the rest of it lies"
ABOUT = "Print what a study found: its verdicts, its table of results, and the paths of all the rest."


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow show`` takes."""
    add_study(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow show``; returns its exit status."""
    from mnerflow.reporting.show import results_text  # scipy

    print(results_text(given.study))
    return 0
