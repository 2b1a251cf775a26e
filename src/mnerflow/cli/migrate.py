"""``mnerflow migrate``: update results of an earlier version."""

import argparse

from mnerflow.cli._arguments import add_results
from mnerflow.errors import quantity
from mnerflow.publishing.migrate import migrate

HELP = "update results of an earlier version"
ABOUT = "Update, in place, the records and predictions of runs of an earlier version."


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow migrate``."""
    add_results(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow migrate``; returns its exit status."""
    changed, count = migrate(given.results)
    print(f"{given.results}: {changed:,} of {quantity(count, 'run')} brought up to date")
    return 0
