"""Work that runs in a separate process, where it is killed, starved or refused a write.

Processes are forked from a server that has imported torch once, so twenty of them start in a second or two.
"""

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import torch
from records import ABOUT
from tiny_run import RUN

from mnerflow.config import RunConfig
from mnerflow.data.post import read_posts
from mnerflow.evaluation.predictions import TESTED, write_predictions
from mnerflow.files import writing
from mnerflow.training import loop
from mnerflow.training.images import open_images
from mnerflow.training.predictor import PostPredictor
from mnerflow.training.run import train_run

LONG = replace(RUN, training=replace(RUN.training, epochs=12, patience=12))

_SERVER = multiprocessing.get_context("forkserver")
_MODELS = tuple(
    f"models.{name}"
    for name in ("fusions.linear", "text_encoders.bilstm", "image_encoders.cnn", "decoders.softmax")
)
_SERVER.set_forkserver_preload(
    [
        "mnerflow.training.run",
        "mnerflow.training.predictor",
        "torch._dynamo",
        *(f"mnerflow.models.{name}" for name in _MODELS),
    ]
)


def train(run: RunConfig, data: Path, folder: Path) -> None:
    """Train and predict as the workflow's scripts do."""
    images = open_images(str(data / "store" / "images.npy"), None)
    train_run(run, data / "train.jsonl", data / "dev.jsonl", images, folder, ABOUT)
    predictions = PostPredictor(run, folder, images).predict(read_posts(data / "test.jsonl"))
    write_predictions(folder / "predictions.jsonl", {TESTED: predictions})


def outcome(folder: Path) -> bytes:
    """The files that a run must end with, whatever happened on the way."""
    return b"".join((folder / name).read_bytes() for name in ("model.safetensors", "predictions.jsonl"))


def start(
    work: Callable[..., Any], *arguments: Any, fault: Callable[[], None] | None = None
) -> ForkServerProcess:
    """Start ``work(*arguments)`` in a process that calls ``fault`` first."""
    process = _SERVER.Process(target=_run, args=(work, arguments, fault))
    process.start()
    return process


def ended(work: Callable[..., Any], *arguments: Any, fault: Callable[[], None] | None = None) -> int:
    """Run such a process; returns its exit status, or minus the number of the signal that killed it."""
    process = start(work, *arguments, fault=fault)
    process.join()
    return process.exitcode


def _run(work: Callable[..., Any], arguments: tuple, fault: Callable[[], None] | None) -> None:
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background processes of a shell ignore it
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if fault:
        fault()
    work(*arguments)


# Faults. Each is called in the victim's process.


class KilledAtByte:
    """The system kills the process on a write that would make any file longer than ``size`` bytes."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.size))


def killed_before_the_move() -> None:
    """Kill the process when a file has been written, but not yet moved into its place."""
    writing.os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)


class AtCheckpoint:
    """Call ``fault`` when checkpoint number ``number`` is about to be written."""

    def __init__(self, number: int, fault: Callable[[], None]) -> None:
        self.number, self.fault = number, fault

    def __call__(self) -> None:
        save, count = loop.save_checkpoint, 0

        def counted(*arguments: Any) -> None:
            nonlocal count
            count += 1
            if count == self.number:
                self.fault()
            save(*arguments)

        loop.save_checkpoint = counted


def killed() -> None:
    """Kill the process."""
    os.kill(os.getpid(), signal.SIGKILL)
