"""``mnerflow tag``: the former name of ``mnerflow predict``."""

import argparse
import sys

from mnerflow.cli import predict

HELP = "the former name of predict"
ABOUT = f"The former name of `mnerflow predict`, which takes the same arguments.\n\n{predict.ABOUT}"
add_arguments = predict.add_arguments


def run(given: argparse.Namespace) -> int:
    """Say what it is called now, and run ``mnerflow predict``."""
    print("mnerflow: tag is called predict now, and prints what predict prints", file=sys.stderr)
    return predict.run(given)
