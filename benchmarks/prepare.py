"""How much time and memory preparing texts takes on one core.

    python benchmarks/prepare.py [--mirror DIR]

With a mirror, it prepares Twitter-2015, Twitter-2017 and Twitter10000; without one, as many posts of made-up
words. The printed rows are added to the CSV file.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml
from rows import Row, add_rows
from script import execute, existing

from mnerflow.compute.memory import peak_memory_mib
from mnerflow.config import build
from mnerflow.data.config import PrepareConfig
from mnerflow.data.prepare import prepare

REGISTRY = Path(__file__).parents[1] / "config/datasets.yaml"
SETS = ("twitter2015", "twitter2017", "twitter10000")
SPLITS = {"train": "train.txt", "dev": "dev.txt", "test": "test.txt"}


def real(mirror: Path) -> Iterator[tuple[str, PrepareConfig, Path]]:
    """Name, description and raw folder of each Twitter data set in the mirror."""
    entries = yaml.safe_load(REGISTRY.read_text(encoding="utf-8"))["datasets"]
    for name in SETS:
        keys = ("format", "types", "splits", "map")
        described = {key: entries[name][key] for key in keys if key in entries[name]}
        yield name, build(PrepareConfig, described, name), mirror / name


def made_up(folder: Path, posts: int = 7200, tokens: int = 16) -> Iterator[tuple[str, PrepareConfig, Path]]:
    """Three data sets of random words, with two entities per post."""
    rng = random.Random(0)
    words = ["".join(rng.choices("aeiknorst", k=rng.randint(1, 9))) for _ in range(20_000)]
    for name in ("first", "second", "third"):
        (folder / name).mkdir()
        for split, share in (("train", 0.6), ("dev", 0.15), ("test", 0.25)):
            text = []
            for number in range(int(share * posts)):
                tags = ["B-PER", "I-PER", "B-LOC", *["O"] * (tokens - 3)]
                rows = "".join(f"{rng.choice(words)}\t{tag}\n" for tag in tags)
                text.append(f"IMGID:{split}{number}\n{rows}\n")
            (folder / name / SPLITS[split]).write_text("".join(text), encoding="utf-8")
        described = {"format": "umt", "types": ["PER", "LOC"], "splits": SPLITS}
        yield name, build(PrepareConfig, described, name), folder / name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--mirror", type=existing, help="folder with twitter2015, twitter2017 and twitter10000"
    )
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    arguments = parser.parse_args()
    rows, total, tokens = [], 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, config, raw in real(arguments.mirror) if arguments.mirror else made_up(root):
            start = time.perf_counter()
            splits = prepare(config, raw, root / "out" / name).splits.values()
            seconds = time.perf_counter() - start
            rows.append(
                Row(f"preparing: {name}", seconds, "s", against=f"{sum(s.posts for s in splits):,} posts")
            )
            total += seconds
            tokens += sum(split.tokens for split in splits)
    rows += [
        Row("preparing: three sets", total, "s", "<= 5", f"{tokens:,} tokens"),
        Row("preparing: peak memory", peak_memory_mib(), "MiB", "<= 500", "three sets"),
    ]
    add_rows(rows, arguments.out)


if __name__ == "__main__":
    execute(main)
