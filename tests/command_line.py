"""The command ``mnerflow`` in a process of its own."""

import subprocess
import sys
from pathlib import Path


def mnerflow(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in ``folder``; returns its exit status and what it printed."""
    command = [sys.executable, "-m", "mnerflow.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
