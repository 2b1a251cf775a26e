"""Data small enough to train on in a second, and disks that can be full or read-only."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from PIL import Image

from mnerflow.data.image_store import build_store
from mnerflow.data.post import Post, write_posts

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve prepared posts with four images."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "images").mkdir()
    for number in range(4):
        Image.new("RGB", (16, 16), (60 * number, 100, 200)).save(folder / "images" / f"{number}.png")
    posts = [
        Post(
            str(n), ["we", "met", f"Ann{n}"][: 2 + n % 2], ["O", "O", "B-PER"][: 2 + n % 2], [f"{n % 4}.png"]
        )
        for n in range(12)
    ]
    for split in ("train", "dev", "test"):
        write_posts(folder / f"{split}.jsonl", posts)
    build_store([f"{n}.png" for n in range(4)], folder / "images", folder / "store", 16)
    return folder


@dataclass(frozen=True)
class Disk:
    """A mounted disk of one MiB."""

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


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small separate disk. Mounting it needs root, which permission bits of a folder would not stop."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", folder], check=True)
