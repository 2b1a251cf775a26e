"""``mnerflow archive``: a study in one file."""

import argparse

from mnerflow.cli._arguments import add_study
from mnerflow.files.checksums import sha256
from mnerflow.plan.kept_weights import dropped_below
from mnerflow.publishing.archive import write_archive

HELP = "pack a study's code, configuration, small results and checksums into one file"
ABOUT = "Pack the code, the configuration, the small results and the checksums of a study into one file."


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow archive``."""
    add_study(command)


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow archive``; returns its exit status."""
    file = write_archive(given.study)
    print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB, sha256 {sha256(file)}")
    if said := dropped_below(given.study):
        print(f"{given.study}: {said}")
    return 0
