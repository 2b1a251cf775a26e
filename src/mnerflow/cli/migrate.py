"""``mnerflow migrate``: results of an earlier version, brought up to date."""

import argparse

from mnerflow.cli._arguments import add_results
from mnerflow.errors import quantity
from mnerflow.publishing.migrate import migrate

HELP = "bring results that an earlier version made up to date"
ABOUT = "Bring the records and predictions of runs that an earlier version made up to date, in place."


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow migrate`` takes."""
    add_results(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow migrate``; returns its exit status."""
    changed, count = migrate(given.results)
    print(f"{given.results}: {changed:,} of {quantity(count, 'run')} brought up to date")
    return 0
