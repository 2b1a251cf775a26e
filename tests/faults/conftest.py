"""Data small enough to train on in a second, and disks that can be full or read-only."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from disks import Disk, mounted
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


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of one MiB."""
    with mounted(tmp_path / "disk", "size=1m") as small:
        yield small
