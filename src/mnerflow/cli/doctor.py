"""``mnerflow doctor``: what a machine has and lacks for a configuration."""

import argparse
from pathlib import Path

from mnerflow.errors import printable

HELP = "say what this machine has and lacks of what a configuration needs"
ABOUT = """\
Say what this machine has and lacks of what a configuration reads: versions, cores, memory, GPU, disk,
network, data and weights. Status 1 if something is missing that the workflow cannot fetch.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow doctor`` takes."""
    command.add_argument(
        "--configfile", type=Path, nargs="+", default=[], metavar="FILE", help="as Snakemake is given them"
    )
    command.add_argument(
        "--config", type=_setting, nargs="+", default=[], metavar="KEY=VALUE", help="likewise: mirror=DIR"
    )


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow doctor``; returns 1 where something is missing."""
    from mnerflow.doctor import examined

    lines, wrong = examined(given.configfile, dict(given.config))
    print(printable("\n".join(lines)))
    return int(wrong)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no setting. Write KEY=VALUE.")
    return key, value
