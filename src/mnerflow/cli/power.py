"""``mnerflow power``: which gain a study could show."""

import argparse

from mnerflow.cli._arguments import add_study, number_type

HELP = "say how many seeds and test posts would show a gain"
ABOUT = """\
Say which gain a study could show, before a week is spent on runs that cannot show it.

From the finished runs of a study, how much entity F1 varies between sentences and between seeds is
known. So is, then, which true gain of a source a test would find in 80 % of all studies like it, with
2 to 20 seeds of every system and one, two or four times the test posts: the smaller, the better.
More comparisons need a larger gain, since p is corrected for them.

  mnerflow power results/study --gain 0.7

prints a line a data set and number of posts; its last column says how many seeds show 0.7 points.
One finished run with two seeds, of any system of the data set, is the least that it can be read from;
three seeds of three systems tell it well. docs/metrics.md has the formulas.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow power`` takes."""
    add_study(command)
    command.add_argument(
        "--gain",
        type=number_type(float, lambda gain: 0 < gain <= 100, "points of entity F1, above 0 and at most 100"),
        default=1.0,
        metavar="POINTS",
        help="of entity F1 (default: %(default)s)",
    )


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow power``; returns its exit status."""
    from mnerflow.reporting.power import power_text

    print(power_text(given.study, given.gain / 100), end="")
    return 0
