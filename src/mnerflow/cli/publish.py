"""``mnerflow publish``: copy finished runs, as small files, to a folder that can be shared."""

import argparse
from pathlib import Path

from mnerflow.cli._arguments import PUBLISHED, add_study
from mnerflow.errors import quantity
from mnerflow.plan.kept_weights import dropped_below
from mnerflow.publishing.publish import publish

HELP = "copy finished runs and tables to a folder that can be shared"
ABOUT = """\
Copy finished runs, tables and plots of a study to a folder that can be shared. It contains the predictions,
compressed and without the posts' words, the records of the runs, and checksums of all files. The report is
copied only with `quote_posts: false`, since it would show posts.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow publish``."""
    add_study(command)
    command.add_argument(
        "--to", type=Path, default=PUBLISHED, metavar="DIR", help=f"folder to write to; default: {PUBLISHED}"
    )


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow publish``; returns its exit status."""
    print(f"{given.to}: {quantity(publish(given.study, given.to), 'run')}")
    if said := dropped_below(given.study):
        print(f"{given.study}: {said}")
    return 0
