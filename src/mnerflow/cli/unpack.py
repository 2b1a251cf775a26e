"""``mnerflow unpack``: published runs as results."""

import argparse
from pathlib import Path

from mnerflow.cli._arguments import add_published
from mnerflow.errors import quantity
from mnerflow.publishing import publication

HELP = "put published runs into a folder of results, without their words"
ABOUT = (
    "Put published runs into a folder of results, from which tables can be computed again; words stay out."
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow unpack`` takes."""
    command.add_argument("results", type=Path, help="the folder of results")
    add_published(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow unpack``; returns its exit status."""
    print(f"{given.results}: {quantity(publication.unpack(given.published, given.results), 'run')}")
    return 0
