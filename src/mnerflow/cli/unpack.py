"""``mnerflow unpack``: turn published runs into results again."""

import argparse
from pathlib import Path

from mnerflow.cli._arguments import add_published
from mnerflow.errors import quantity
from mnerflow.publishing.unpack import unpack

HELP = "unpack published runs into a folder of results, without the posts' words"
ABOUT = """\
Unpack published runs into a folder of results, from which tables can be computed again. The posts' words are
not part of published runs, so they stay empty.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow unpack``."""
    command.add_argument("results", type=Path, help="the folder of results")
    add_published(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow unpack``; returns its exit status."""
    print(f"{given.results}: {quantity(unpack(given.published, given.results), 'run')}")
    return 0
