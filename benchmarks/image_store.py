"""How fast the image store is compared with a plain Pillow loop, and how much memory it takes.

    python benchmarks/image_store.py [--images 400] [--workers 2]

The photos (800 × 600 JPEG, half of them progressive) are generated. The printed rows are added to the CSV
file.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from rows import Row, add_rows
from script import at_least, execute

from mnerflow.compute.memory import peak_memory_mib
from mnerflow.data.image_store import build_store

SIZE = 224


def photos(folder: Path, number: int) -> list[str]:
    """Write ``number`` JPEGs of about 100 kB: smooth shapes under sensor noise."""
    rng = np.random.default_rng(0)
    names = [f"{index:05d}.jpg" for index in range(number)]
    for index, name in enumerate(names):
        shapes = Image.fromarray(rng.integers(0, 255, (30, 40, 3), np.uint8)).resize((800, 600))
        noisy = np.asarray(shapes, np.int16) + rng.integers(-12, 12, (600, 800, 3))
        pixels = noisy.clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name, quality=85, progressive=index % 2 == 1)
    return names


def plain_loop(names: list[str], folder: Path) -> float:
    """Images per second of the loop that one would write first."""
    start = time.perf_counter()
    for name in names:
        with Image.open(folder / name) as image:
            np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    return len(names) / (time.perf_counter() - start)


def store(names: list[str], folder: Path, target: Path, workers: int) -> float:
    """Images per second of ``build_store``."""
    start = time.perf_counter()
    build_store(names, folder, target, SIZE, "fail", workers)
    return len(names) / (time.perf_counter() - start)


def peak_memory(names: list[str], folder: Path, target: Path, number: int, workers: int) -> int:
    """Peak MiB of a process that stores ``number`` images, which are links to the photos."""
    links = target / "links"
    links.mkdir(parents=True)
    for index in range(number):
        (links / f"{index}.jpg").symlink_to(folder / names[index % len(names)])
    command = [sys.executable, __file__, "--only", str(links), "--workers", str(workers)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=at_least(1), default=400)
    parser.add_argument("--workers", type=at_least(1), default=2)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)  # the process whose memory is measured
    arguments = parser.parse_args()
    if arguments.only:
        names = sorted(path.name for path in arguments.only.iterdir())
        store(names, arguments.only, arguments.only.parent / "store", arguments.workers)
        print(peak_memory_mib())
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = photos(root, arguments.images)
        plain = plain_loop(names, root)
        rows = [Row("image store: plain Pillow loop", plain, "images/s")]
        for workers in sorted({1, arguments.workers}):
            rate = store(names, root, root / "store", workers)
            rows.append(Row(f"image store, {workers} workers: images a second", rate, "images/s"))
            rows.append(
                Row(
                    f"image store, {workers} workers: times as fast",
                    rate / plain,
                    "×",
                    "",
                    "plain Pillow loop",
                )
            )
        for number in (1000, 5000):
            memory = peak_memory(names, root, root / str(number), number, arguments.workers)
            rows.append(Row(f"image store: peak memory of {number} images", memory, "MiB"))
        add_rows(rows, arguments.out)


if __name__ == "__main__":
    execute(main)
