"""How memory and time grow with posts and images: check, preparing, image store.

    python benchmarks/growth.py [--posts 10000 100000] [--images 2000 20000]

Posts consist of made-up words, most of them common ones, and images are small. Each measurement is a separate
process. The printed rows are added to the CSV file. ``benchmarks/scaling.py`` measures how the workflow grows
with runs.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from rows import Row, add_rows
from script import at_least, execute

from mnerflow.compute.memory import peak_memory_mib
from mnerflow.config import build
from mnerflow.data.check import check_data
from mnerflow.data.config import PrepareConfig
from mnerflow.data.image_store import build_store
from mnerflow.data.prepare import prepare
from mnerflow.errors import UserError

SPLITS = {"train": (0, 0.7), "dev": (0.7, 0.85), "test": (0.85, 1)}
WORDS, TOKENS, PICTURES = 20_000, 16, 100


def write_posts(folder: Path, number: int) -> None:
    """Write three splits with ``number`` posts in total, each of ``TOKENS`` words with two entities."""
    rng = random.Random(0)
    words = ["".join(rng.choices("aeiknorst", k=rng.randint(2, 9))) for _ in range(WORDS)]
    shares = [1 / (rank + 1) for rank in range(WORDS)]
    labels = ["B-PER", "I-PER", "B-LOC", *["O"] * (TOKENS - 3)]
    for split, bounds in SPLITS.items():
        first, last = (round(share * number) for share in bounds)
        drawn = iter(rng.choices(words, shares, k=TOKENS * (last - first)))
        with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
            for post in range(first, last):
                tokens = [next(drawn) for _ in range(TOKENS)]
                file.write(json.dumps({"id": f"post{post}", "tokens": tokens, "labels": labels}) + "\n")


def write_images(folder: Path, number: int) -> None:
    """Write ``number`` links to ``PICTURES`` small JPEGs."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    (folder / "images").mkdir()
    for picture in range(PICTURES):
        pixels = rng.integers(0, 255, (48, 64, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"pictures/{picture}.jpg")
    for image in range(number):
        (folder / f"images/{image}.jpg").symlink_to(folder / f"pictures/{image % PICTURES}.jpg")


def check(folder: Path) -> None:
    check_data(folder)


def preparing(folder: Path) -> None:
    files = {split: f"{split}.jsonl" for split in SPLITS}
    described = {"format": "jsonl", "types": ["PER", "LOC"], "splits": files}
    prepare(build(PrepareConfig, described, "posts"), folder, folder / "out")


def store(folder: Path) -> None:
    images = folder / "images"
    build_store(sorted(file.name for file in images.iterdir()), images, folder / "store", 64, workers=2)


# What is measured, and what writes the files for it.
WORK: dict[str, tuple[Callable[[Path], None], Callable[[Path, int], None]]] = {
    "check": (check, write_posts),
    "preparing": (preparing, write_posts),
    "image store": (store, write_images),
}


def measured(what: str, number: int) -> tuple[float, float]:
    """Peak MiB and processor seconds of a process that does the work for ``number`` posts or images."""
    with tempfile.TemporaryDirectory() as folder:
        WORK[what][1](Path(folder), number)
        command = [sys.executable, __file__, "--only", what, folder]
        memory, seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(memory), float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--posts", type=at_least(10), nargs=2, default=[10_000, 100_000])
    parser.add_argument("--images", type=at_least(1), nargs=2, default=[2_000, 20_000])
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)  # the process that is measured
    arguments = parser.parse_args()
    if arguments.only:
        what, folder = arguments.only
        WORK[what][0](Path(folder))
        print(peak_memory_mib(), time.process_time())
        return
    for option, (few, many) in {"--posts": arguments.posts, "--images": arguments.images}.items():
        if few >= many:
            raise UserError(f"{option}: {few:,} is not fewer than {many:,}. Name the smaller number first.")
    rows = []
    for what in WORK:
        counted, numbers = (
            ("images", arguments.images) if what == "image store" else ("posts", arguments.posts)
        )
        found = [measured(what, number) for number in numbers]
        for number, (memory, seconds) in zip(numbers, found, strict=True):
            rows.append(Row(f"{what}: peak memory of {number:,} {counted}", memory, "MiB"))
            rows.append(Row(f"{what}: processor time of {number:,} {counted}", seconds, "s"))
        (few, _), (many, _) = found
        more = (many - few) * 2**20 / (numbers[1] - numbers[0])
        rows.append(Row(f"{what}: memory of each further one of {counted}", more, "bytes"))
    add_rows(rows, arguments.out)


if __name__ == "__main__":
    execute(main)
