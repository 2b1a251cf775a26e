"""How fast one GPU trains and encodes, in ten minutes at most.

    python benchmarks/gpu.py [--mirror DIR] [--rehearse]

- an encoder of base size (MPNet's 12 layers of 768), text only: posts per second, in bf16 with fp32 master
  weights and with autocast; and whether the same seed gives the same bytes;
- the same with 196 patch vectors of 768 per post: what each fusion adds to the time of an epoch;
- ViT-B/16: images per second from an image store to the file of their vectors;
- a language model with the layout of Llama's 8B, in 4 bits with adapters: subwords per second, and the GPU's
  memory.

Weights are random and images are noise, since neither changes the speed. The posts are those of Twitter-2017
in the mirror; without a mirror, the demo's. Rows are printed and added to the CSV file as soon as their part
is measured. ``--rehearse`` runs everything in tiny sizes on a processor; its numbers mean nothing, and the
rows say so.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import monotonic
from unittest import mock

import numpy
import torch
from operations import save_llama, save_mpnet
from rows import Row, add_rows
from script import execute, existing
from training import TYPES, read_data

from mnerflow.compute.device import device, make_deterministic
from mnerflow.config import ImageConfig, LearningRates, PartConfig, RunConfig, TrainingConfig
from mnerflow.data.image_store import COLUMNS, IMAGES, INDEX
from mnerflow.data.post import Post
from mnerflow.models.tagger import Tagger, new_tagger
from mnerflow.training import loop
from mnerflow.training.features import compute_features
from mnerflow.training.inputs import Inputs
from mnerflow.training.loop import Trainer
from mnerflow.training.meter import Meter

FUSIONS = ("linear", "gated", "cross_attention")


@dataclass(frozen=True)
class Sizes:
    """The sizes of the models, and the numbers of posts and images."""

    mpnet: dict[str, int]
    llama: dict[str, int]
    vit: ImageConfig
    patches: int
    d_patch: int
    posts: int
    few_posts: int
    images: int


LLAMA_8B = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
WHOLE = Sizes(
    mpnet={},
    llama=LLAMA_8B,
    vit=ImageConfig("timm", {"model": "vit_base_patch16_224"}, size=224, frozen=True),
    patches=196,
    d_patch=768,
    posts=3000,
    few_posts=600,
    images=4096,
)
TINY = Sizes(
    mpnet={"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16},
    llama={
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "intermediate_size": 64,
        "vocab_size": 300,
    },
    vit=ImageConfig(
        "timm",
        {"model": "vit_base_patch16_224", "arguments": {"embed_dim": 12, "depth": 1, "num_heads": 2}},
        size=32,
        frozen=True,
    ),
    patches=4,
    d_patch=12,
    posts=40,
    few_posts=16,
    images=40,
)


def run_of(encoder: PartConfig, batch_tokens: int, epochs: int) -> RunConfig:
    """A run that reads only the text."""
    settings = TrainingConfig(
        epochs=epochs,
        patience=epochs,
        batch_tokens=batch_tokens,
        learning_rate=LearningRates(text=3e-5, fusion=3e-4),
        checkpoint_seconds=1e9,
        threads=4,
    )
    return RunConfig(TYPES, 1, PartConfig("text_only"), encoder, training=settings)


def trained(
    run: RunConfig, posts: Sequence[Post], features: numpy.ndarray | None = None
) -> tuple[float, Tagger]:
    """Posts per second after the first epoch, which allocates memory, and the trained tagger."""
    make_deterministic(run.seed, run.training.threads)
    tagger = new_tagger(run, posts, features.shape[-1] if features is not None else 0).to(device())
    rows = [] if features is None else [[1 + n] for n in range(len(posts))]
    training = Inputs(posts, tagger, images=features, rows=rows)
    dev = Inputs(posts[:8], tagger, images=features, rows=rows[:8])
    with tempfile.TemporaryDirectory() as folder:
        meter, checkpoint = Meter(device()), Path(folder) / "checkpoint.pt"
        history = Trainer(tagger, training, dev, run.training, run.seed, meter, checkpoint).train()
    return median(row.sentences_per_second for row in history[1:] or history), tagger


def checksum(tagger: Tagger) -> str:
    """Checksum of all trained weights."""
    digest = hashlib.sha256()
    for name, weight in sorted(tagger.trained_state().items()):
        digest.update(name.encode() + weight.cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def text(sizes: Sizes, posts: list[Post], scratch: Path, on: str) -> list[Row]:
    """Measure an encoder of base size, text only."""
    save_mpnet(scratch / "mpnet", posts, **sizes.mpnet)
    run = run_of(PartConfig("transformer", weights=str(scratch / "mpnet")), 640, 3)
    once = replace(run, training=replace(run.training, epochs=1))
    rate, _ = trained(run, posts)
    with mock.patch.object(loop, "layer_dtype", lambda place: None):
        before, _ = trained(run, posts)
    same = len({checksum(trained(once, posts[: sizes.few_posts])[1]) for _ in range(2)}) == 1
    return [
        Row("GPU, MPNet's size, text only: posts a second", rate, "posts/s", against=on),
        Row("GPU, MPNet's size, text only: with autocast", before, "posts/s", against=on),
        Row("GPU, MPNet's size: the same seed, the same bytes", float(same), "", ">= 1", on),
    ]


def fusions(sizes: Sizes, posts: list[Post], scratch: Path, on: str) -> list[Row]:
    """Measure what frozen features add to an epoch of ``text``."""
    shape = (1 + len(posts), sizes.patches, sizes.d_patch)
    random = numpy.random.default_rng(0)
    features = numpy.lib.format.open_memmap(scratch / "features.npy", "w+", numpy.float16, shape)
    for start in range(0, len(features), 64):
        part = features[start : start + 64]
        part[:] = random.standard_normal(part.shape, numpy.float32)
    features.flush()
    features = numpy.lib.format.open_memmap(scratch / "features.npy", "r")
    alone = run_of(PartConfig("transformer", weights=str(scratch / "mpnet")), 640, 2)
    rate, _ = trained(alone, posts)
    rows = []
    for name in FUSIONS:
        run = replace(alone, fusion=PartConfig(name), image_encoder=sizes.vit)
        times = rate / trained(run, posts, features)[0]
        rows.append(
            Row(f"GPU, frozen features, {name}: an epoch's time", times, "×", "<= 1.3", f"text only, {on}")
        )
    return rows


def images(sizes: Sizes, scratch: Path, on: str) -> list[Row]:
    """Measure encoding, from an image store to the file of features."""
    store, side = scratch / "store", sizes.vit.size
    store.mkdir()
    shape = (sizes.images, side, side, 3)
    pixels = numpy.lib.format.open_memmap(store / IMAGES, "w+", numpy.uint8, shape)
    random = numpy.random.default_rng(0)
    for start in range(0, len(pixels), 64):
        part = pixels[start : start + 64]
        part[:] = random.integers(0, 256, part.shape, numpy.uint8)
    pixels.flush()
    rows = (f"{row}.png,{row},ok," for row in range(1, len(pixels)))
    (store / INDEX).write_text("\n".join([",".join(COLUMNS), *rows, ""]), encoding="utf-8")
    times = []
    for name in ("first.npy", "second.npy"):  # the first loads kernels
        begun = monotonic()
        compute_features(sizes.vit, store, scratch / name, 4)
        times.append(monotonic() - begun)
        (scratch / name).unlink()
    rate = len(pixels) / times[-1]
    return [Row("GPU, ViT-B/16 at 224 pixels: images a second", rate, "images/s", against=on)]


def language_model(sizes: Sizes, posts: list[Post], scratch: Path, on: str) -> list[Row]:
    """Measure the training of a large model's adapters."""
    save_llama(scratch / "llama", posts, device(), **sizes.llama)
    cuda = device().type == "cuda"
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    encoder = PartConfig("language_model", {"four_bit": True}, str(scratch / "llama"))
    run = run_of(encoder, 2048, 2)
    rate, tagger = trained(run, posts)
    each = sum(Inputs(posts, tagger).lengths) / len(posts)
    peak = torch.cuda.max_memory_allocated() / 2**30 if cuda else 0.0
    return [
        Row("GPU, Llama's 8B layout in 4 bits: subwords a second", rate * each, "subwords/s", against=on),
        Row("GPU, Llama's 8B layout in 4 bits: peak memory", peak, "GiB", against=on),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mirror", type=existing, help="folder with twitter2017")
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes, on a processor")
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    arguments = parser.parse_args()
    if not arguments.rehearse and device().type != "cuda":
        sys.exit(
            "benchmarks/gpu.py measures a GPU, and PyTorch sees none here. `--rehearse` goes through it on a "
            "processor, in tiny sizes."
        )
    sizes = TINY if arguments.rehearse else WHOLE
    machine = "a rehearsal" if arguments.rehearse else torch.cuda.get_device_name()
    if arguments.rehearse:  # as on a GPU
        mock.patch.object(loop, "layer_dtype", lambda place: torch.bfloat16).start()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        data, posts, _ = read_data(arguments.mirror, scratch / "data", sizes.posts)
        on = f"{data}, {machine}"
        few = posts[: sizes.few_posts]
        add_rows(text(sizes, posts, scratch, on), arguments.out)
        add_rows(fusions(sizes, posts[: 2 * len(few)], scratch, on), arguments.out)
        add_rows(images(sizes, scratch, machine), arguments.out)
        add_rows(language_model(sizes, few, scratch, on), arguments.out)


if __name__ == "__main__":
    execute(main)
