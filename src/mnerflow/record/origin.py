"""Provenance of a result: versions, data, code."""

import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mnerflow import __version__
from mnerflow.code.fingerprint import PACKAGE, fingerprint
from mnerflow.files.checksums import sha256
from mnerflow.record import Code

# Packages that training computes with.
PACKAGES = ("torch", "transformers", "timm", "peft", "tokenizers", "numpy")


def origin(modules: Iterable[str], packages: Iterable[str], data: Iterable[Path]) -> dict[str, Any]:
    """Code, versions, checksums of the input files and the time, as fields of a ``Record``.

    Args:
        modules: modules that the fingerprints of the code start from.
        packages: packages whose versions are recorded.
        data: input files.
    """
    return {
        "code": code(modules),
        "versions": {"mnerflow": __version__, "python": platform.python_version(), **versions(packages)},
        "data_sha256": {str(path): sha256(path) for path in data},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def code(modules: Iterable[str]) -> Code:
    """The commit of the checkout that this code runs from, and fingerprints of what the modules compute."""
    prints = {module: fingerprint(module) for module in modules}
    found = git_commit()
    if found is None:
        return Code(modules=prints)
    return Code(commit=found.removesuffix("-dirty"), dirty=found.endswith("-dirty"), modules=prints)


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of installed packages."""
    return {package: version(package) for package in packages}


def git_commit() -> str | None:
    """The commit of the checkout that this code runs from, with ``-dirty`` appended if files differ."""
    checkout = PACKAGE.parents[1]  # named explicitly, as an environment may lie in another checkout
    command = ["git", "-C", str(checkout), f"--git-dir={checkout / '.git'}"]
    command += ["describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or None
    except (OSError, subprocess.CalledProcessError):
        return None
