"""What the patch vectors of a frozen image encoder add to an epoch's time, and how much memory they take.

    python benchmarks/features.py [--mirror DIR] [--posts 800] [--runs 3]

MiniLM is trained with 256 patch vectors per post, those of one image in a ViT-S/14 at 224 pixels. The posts
are those of Twitter-2015 in the mirror; without a mirror, the demo's. The vectors are noise, because their
values do not affect the speed. One epoch of each fusion is timed on the first posts. Memory is that of an
epoch of all posts, including dev. Medians over the runs are printed and added to the CSV file.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy
from rows import Row, add_rows
from script import at_least, execute, existing
from training import minilm, read_data, text_run

from mnerflow.compute.device import device, make_deterministic
from mnerflow.compute.memory import peak_memory_mib
from mnerflow.config import ImageConfig, PartConfig, RunConfig
from mnerflow.data.post import Post
from mnerflow.models.tagger import new_tagger
from mnerflow.training.inputs import Inputs
from mnerflow.training.loop import Trainer
from mnerflow.training.meter import Meter

PATCHES, WIDTH = 256, 384
VIT = ImageConfig("timm", size=224, frozen=True)


def noise(file: Path, rows: int) -> numpy.ndarray:
    """Random patch vectors of ``rows`` images, in a file that is mapped into memory as in a run."""
    values = numpy.lib.format.open_memmap(file, "w+", numpy.float16, (rows, PATCHES, WIDTH))
    random = numpy.random.default_rng(0)
    for start in range(0, rows, 64):
        values[start : start + 64] = random.standard_normal(values[start : start + 64].shape, numpy.float32)
    values.flush()
    return numpy.lib.format.open_memmap(file, "r")


def posts_a_second(
    run: RunConfig, posts: Sequence[Post], dev: Sequence[Post], features: numpy.ndarray, scratch: Path
) -> float:
    """Posts per second of one epoch; each post has the next row of ``features``, dev posts come last."""
    make_deterministic(run.seed, 1)
    tagger = new_tagger(run, posts, WIDTH)
    images = features if run.image_encoder else None
    rows = [[1 + index] for index in range(len(posts) + len(dev))]
    training = Inputs(posts, tagger, images=images, rows=rows[: len(posts)])
    held_out = Inputs(dev, tagger, images=images, rows=rows[len(posts) :])
    meter, checkpoint = Meter(device()), scratch / "checkpoint.pt"
    [epoch] = Trainer(tagger, training, held_out, run.training, run.seed, meter, checkpoint).train()
    return epoch.sentences_per_second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mirror", type=existing, help="folder with twitter2015")
    parser.add_argument("--posts", type=at_least(1), default=800)
    parser.add_argument("--runs", type=at_least(1), default=3)
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)  # the process whose memory is measured
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    arguments = parser.parse_args()
    weights = minilm()
    alone = text_run(weights, epochs=1)
    runs = {
        name: replace(alone, fusion=PartConfig(name), image_encoder=VIT)
        for name in ("linear", "gated", "cross_attention")
    }
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        data, posts, dev = read_data(arguments.mirror, scratch, 4000, "twitter2015")
        if arguments.only:
            mapped = numpy.lib.format.open_memmap(arguments.only, "r")
            posts_a_second(runs["cross_attention"], posts, dev, mapped, scratch)
            print(peak_memory_mib())
            return
        features = noise(scratch / "features.npy", 1 + len(posts) + len(dev))
        some = posts[: arguments.posts]
        speed = {
            name: median(
                posts_a_second(run, some, dev[:20], features, scratch) for _ in range(arguments.runs)
            )
            for name, run in {"text_only": alone, **runs}.items()
        }
        command = [sys.executable, __file__, "--only", str(scratch / "features.npy")]
        command += ["--mirror", str(arguments.mirror)] if arguments.mirror else []
        memory = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    same = f"a text-only epoch, {data}"
    add_rows(
        [
            Row("frozen features: text-only posts a second", speed["text_only"], "posts/s", against=data),
            *(
                Row(
                    f"frozen features, {name}: an epoch's time",
                    speed["text_only"] / speed[name],
                    "×",
                    "<= 1.3",
                    same,
                )
                for name in runs
            ),
            Row(
                "frozen features: peak memory",
                memory,
                "MiB",
                "<= 2560",
                f"cross_attention, all of {data}",
            ),
        ],
        arguments.out,
    )


if __name__ == "__main__":
    execute(main)
