"""A machine whose clock goes back, or that has no more memory to give."""

import itertools
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest
import torch
import yaml
from PIL import Image
from victims import RUN, ended, outcome, train

from mnerflow.config import ImageConfig, PartConfig, RunConfig
from mnerflow.data.image import decode
from mnerflow.data.image_store import ImageStore, build_store
from mnerflow.errors import UserError
from mnerflow.log import failure, job
from mnerflow.models.image_encoders import new_image_encoder
from mnerflow.models.image_encoders.cnn import CNN
from mnerflow.prediction import graph
from mnerflow.training.checkpoint import load_checkpoint, save_checkpoint


def clock_goes_back() -> None:
    """Every look at the clock finds it an hour earlier."""
    now, looks = time.time(), itertools.count()
    time.time = lambda: now - 3600 * next(looks)


def test_training_does_not_look_at_the_clock(data: Path, tmp_path: Path) -> None:
    train(RUN, data, tmp_path / "undisturbed")
    assert ended(train, RUN, data, tmp_path / "run", fault=clock_goes_back) == 0
    assert outcome(tmp_path / "run") == outcome(tmp_path / "undisturbed")
    assert yaml.safe_load((tmp_path / "run/run.yaml").read_text(encoding="utf-8"))["seconds"] >= 0


def no_memory() -> None:
    """The process may not take more than a GiB beyond what it has, of addresses, as ``ulimit -v`` says."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 2**30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def train_job(run: RunConfig, data: Path, folder: Path, log: Path) -> None:
    with job("trained the run", log):
        train(run, data, folder)


def test_no_memory_is_said_in_words_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    large = PartConfig("bilstm", {"hidden": 20_000})  # ten GiB of weights
    status = ended(
        *(train_job, replace(RUN, text_encoder=large), data, tmp_path / "run", tmp_path / "job.log"),
        fault=no_memory,
    )
    log = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert status == 1 and "Traceback" not in log
    assert "ERROR trained the run: the system gave no more memory (" in log
    assert "Run fewer jobs at once, give this one more, or lower `batch_tokens`" in log
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").iterdir())


def at_work(log: Path, end: Callable[[], None]) -> None:
    with job("trained the run", log) as logger:
        logger.info("at work")
        end()


def refuse() -> None:
    raise UserError("the text is empty")


def signalled(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("end", "arguments", "status", "said"),
    [
        (signalled, [signal.SIGKILL], -signal.SIGKILL, "memory did not suffice"),  # as the system does
        (os.abort, [], -signal.SIGABRT, "memory did not suffice"),  # as C++ does
        (signalled, [signal.SIGTERM], 128 + signal.SIGTERM, None),
        (signalled, [signal.SIGINT], 130, None),
        (refuse, [], 1, "the text is empty"),
        (time.time, [], 0, None),
    ],
)
def test_what_a_log_says_of_how_its_job_ended(
    end: Callable, arguments: list, status: int, said: str | None, tmp_path: Path
) -> None:
    assert ended(at_work, tmp_path / "job.log", partial(end, *arguments)) == status
    found = failure((tmp_path / "job.log").read_text(encoding="utf-8"))
    assert found == said or said in found


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("std::bad_alloc"),
        OSError(12, "Cannot allocate memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_a_lack_of_memory_is_no_damage_no_wrong_option_and_no_blank_image(
    error: Exception, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*_: object, **__: object) -> None:
        raise error

    build_store(["0.png"], data / "images", tmp_path / "store", 16)
    with monkeypatch.context() as patch:
        patch.setattr(numpy.lib.format, "open_memmap", lacking)
        with pytest.raises(type(error)):
            ImageStore(tmp_path / "store")
    monkeypatch.setattr(Image.Image, "resize", lacking)
    with pytest.raises(type(error)):
        decode(data / "images", "0.png", 16)
    save_checkpoint(tmp_path / "checkpoint.pt", {}, "the same")
    monkeypatch.setattr(torch, "load", lacking)
    with pytest.raises(type(error)):
        load_checkpoint(tmp_path / "checkpoint.pt", "the same")
    monkeypatch.setattr(CNN, "forward", lacking)
    with pytest.raises(type(error)):
        new_image_encoder(ImageConfig("cnn", size=32))
    monkeypatch.setattr(graph, "InferenceSession", lacking)
    with pytest.raises(type(error)):
        graph.GraphTagger(SimpleNamespace(encoder=None, fusion=None, decoder=None), tmp_path, 1)
