"""``mnerflow publish``: finished runs as small files that can be given away."""

import argparse
from pathlib import Path

from mnerflow.cli._arguments import PUBLISHED, add_study
from mnerflow.errors import quantity
from mnerflow.plan.kept_weights import dropped_below
from mnerflow.publishing import publication

HELP = "copy finished runs and tables to where they can be given away"
ABOUT = """\
Copy finished runs, tables, plots and the report of a study to where they can be given away: predictions
compressed and without the posts' words, records, and checksums of all files.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow publish`` takes."""
    add_study(command)
    command.add_argument("--to", type=Path, default=PUBLISHED, metavar="DIR", help=f"default: {PUBLISHED}")


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow publish``; returns its exit status."""
    print(f"{given.to}: {quantity(publication.publish(given.study, given.to), 'run')}")
    if said := dropped_below(given.study):
        print(f"{given.study}: {said}")
    return 0
