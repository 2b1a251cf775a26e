"""A machine whose clock goes back, or that has no more memory to give."""

import itertools
import resource
import time
from dataclasses import replace
from pathlib import Path

import yaml
from victims import RUN, ended, outcome, train

from mnerflow.config import PartConfig, RunConfig
from mnerflow.log import job


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
