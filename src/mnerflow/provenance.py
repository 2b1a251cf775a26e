"""What any result rests on: versions, data, code."""

import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mnerflow import __version__
from mnerflow.files import sha256


def origin(packages: Iterable[str], data: Iterable[Path]) -> dict[str, Any]:
    """Versions, commit, checksums of the input files and the time as plain values for ``run.yaml``."""
    return {
        "versions": {"mnerflow": __version__, "python": platform.python_version(), **versions(packages)},
        "git_commit": git_commit(),
        "data_sha256": {str(path): sha256(path) for path in data},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of installed packages."""
    return {package: version(package) for package in packages}


def git_commit() -> str | None:
    """Commit of the checkout that this code runs from, ``-dirty`` appended when files differ from it."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or None
    except (OSError, subprocess.CalledProcessError):
        return None
