"""``mnerflow verify``: check whether a packed archive is complete and unchanged."""

import argparse
import sys
from pathlib import Path

from mnerflow.errors import printable, quantity
from mnerflow.files.checksums import sha256
from mnerflow.publishing.archive import verify_archive

HELP = "check a packed archive for missing or changed files"
ABOUT = """\
Check an archive that `mnerflow archive` packed for missing or changed files. Exits with status 1 if there are
any.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow verify``."""
    command.add_argument("file", type=Path, help="the archive")


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow verify``; returns 1 if a file is not as the archive lists it."""
    count, wrong = verify_archive(given.file)
    for line in wrong:
        print(printable(line), file=sys.stderr)
    not_listed = quantity(len(wrong), "file is", "files are")
    state = f"{not_listed} not what it lists" if wrong else f"{quantity(count, 'file')}, all what it lists"
    print(f"{given.file}: {state}; sha256 {sha256(given.file)}")
    return int(bool(wrong))
