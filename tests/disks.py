"""Small disks that are mounted for a test, to be full or read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """A mounted disk."""

    folder: Path

    def fill(self, free: int) -> None:
        """Fill the disk until ``free`` bytes are left."""
        status = os.statvfs(self.folder)
        (self.folder / "ballast").write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - free)))

    def clear(self) -> None:
        """Free the space that ``fill`` took."""
        (self.folder / "ballast").unlink()

    def remount(self, mode: str) -> None:
        """Make the disk read-only (``ro``) or writable (``rw``)."""
        subprocess.run(["mount", "-o", f"remount,{mode}", self.folder], check=True)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Disk]:
    """Mount an empty disk at a new folder until the block ends; skip the test where that needs more rights.

    Permission bits of a folder would not do: they do not stop root.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", folder], check=True)
