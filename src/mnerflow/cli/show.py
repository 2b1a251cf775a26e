"""``mnerflow show``: print the results of a study."""

import argparse

from mnerflow.cli._arguments import add_study

HELP = "print a study's table of results, and where its other results are"
ABOUT = "Print what a study found: its verdicts, its table of results, and the paths of its other results."


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow show``."""
    add_study(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow show``; returns its exit status."""
    from mnerflow.reporting.show import results_text  # scipy

    print(results_text(given.study))
    return 0
