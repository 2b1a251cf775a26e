"""``mnerflow power``: estimate which gain a study could show."""

import argparse

from mnerflow.cli._arguments import add_study, number_type

HELP = "estimate how many seeds and test posts would show a gain"
ABOUT = """\
Estimate which gain a study could show, before you spend a week on runs that cannot show it.

The finished runs of a study tell how much entity F1 varies between sentences and between seeds. From this,
the command computes the true gain of a source that a test would find in 80 % of all such studies, with 2 to
20 seeds of every system and one, two or four times the test posts. Smaller is better. More comparisons need a
larger gain, because p is corrected for them.

  mnerflow power results/study --gain 0.7

prints one line per data set and number of posts. The last column says how many seeds show 0.7 points. At
least one system of the data set needs two finished seeds; three seeds of three systems give a good estimate.
docs/metrics.md has the formulas.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow power``."""
    add_study(command)
    command.add_argument(
        "--gain",
        type=number_type(float, lambda gain: 0 < gain <= 100, "points of entity F1, above 0 and at most 100"),
        default=1.0,
        metavar="POINTS",
        help="gain in points of entity F1 (default: %(default)s)",
    )


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow power``; returns its exit status."""
    from mnerflow.reporting.power import power_text

    print(power_text(given.study, given.gain / 100), end="")
    return 0
