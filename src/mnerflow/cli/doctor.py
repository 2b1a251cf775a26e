"""``mnerflow doctor``: report what a machine has and lacks for a configuration."""

import argparse
from pathlib import Path

from mnerflow.errors import printable

HELP = "report what this machine has and lacks for a configuration"
ABOUT = """\
Report what this machine has and lacks for a configuration: versions, cores, memory, GPU, disk, network, data
and weights. Exits with status 1 if something is missing that the workflow cannot fetch.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow doctor``."""
    command.add_argument(
        "--configfile",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="configuration files, as given to Snakemake",
    )
    command.add_argument(
        "--config",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="settings, as given to Snakemake, such as mirror=DIR",
    )


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow doctor``; returns 1 if something is missing."""
    from mnerflow.doctor import examined

    lines, wrong = examined(given.configfile, given.config)
    print(printable("\n".join(lines)))
    return int(wrong)
