"""``mnerflow compare``: check whether recomputed tables match the published ones."""

import argparse
import sys
from pathlib import Path

from mnerflow.cli._arguments import add_published
from mnerflow.errors import printable, quantity
from mnerflow.publishing.compare import compare_tables

HELP = "check whether a study's scores and tables match the published ones"
ABOUT = """\
Compare a study's scores and tables with the published ones, byte by byte. Exits with status 1 if any differ.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow compare``."""
    command.add_argument("study", type=Path, help="folder of the study")
    add_published(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow compare``; returns 1 if tables do not match."""
    count, wrong = compare_tables(given.published, given.study)
    for line in wrong:
        print(printable(line), file=sys.stderr)
    state = (
        f"{len(wrong)} of {quantity(count, 'table')} not as published"
        if wrong
        else f"{quantity(count, 'table')}, all as published, byte by byte"
    )
    print(f"{given.study}: scores and tables beside those in {given.published}: {state}")
    return int(bool(wrong))
