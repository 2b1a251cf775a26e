"""``mnerflow verify``: whether a packed archive is whole."""

import argparse
import sys
from pathlib import Path

from mnerflow.errors import printable, quantity
from mnerflow.files import sha256
from mnerflow.publishing.archive import verify_archive

HELP = "say what is missing or changed in a packed archive"
ABOUT = (
    "Say what is missing or changed in an archive that `mnerflow archive` packed; status 1 if anything is."
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow verify`` takes."""
    command.add_argument("file", type=Path, help="the archive")


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow verify``; returns 1 where a file is not what the archive lists."""
    count, wrong = verify_archive(given.file)
    for line in wrong:
        print(printable(line), file=sys.stderr)
    not_listed = quantity(len(wrong), "file is", "files are")
    state = f"{not_listed} not what it lists" if wrong else f"{quantity(count, 'file')}, all what it lists"
    print(f"{given.file}: {state}; sha256 {sha256(given.file)}")
    return int(bool(wrong))
