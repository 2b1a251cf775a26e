"""Several processes train like one, go on where they were killed, and say what they died of."""

import csv
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from threading import Thread

import pytest
import torch
import yaml
from records import ABOUT
from watched import PRECISION, assert_same, watched_steps

from mnerflow.compute.processes import join, rank
from mnerflow.config import LearningRates, PartConfig, RunConfig, TrainingConfig
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.models.text_encoders.language_model import Config, LanguageModel
from mnerflow.training.launch import launch
from mnerflow.training.run import predict_job, train_job


def bilstm(dropout: float = 0.0) -> PartConfig:
    sizes = {"d_word": 8, "d_character": 4, "hidden": 6, "min_count": 1}
    return PartConfig("bilstm", sizes | {"dropout": dropout})


def run(encoder: PartConfig, processes: int = 2, epochs: int = 4, seconds: float = 1e-9) -> RunConfig:
    training = TrainingConfig(
        epochs=epochs,
        patience=400,
        batch_tokens=12,
        processes=processes,
        checkpoint_seconds=seconds,
        learning_rate=LearningRates(text=0.01),
    )
    fusion = PartConfig("text_only", {"dropout": 0.0})
    return RunConfig(("PER",), 1, fusion, encoder, training=training)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Posts of two to seven words, so that a long one is alone in its batch."""
    tokens, labels = ["we", "met", "", "in", "a", "b", "c"], ["O", "O", "B-PER", "O", "O", "O", "O"]
    posts = []
    for number in range(14):
        tokens[2], length = f"Ann{number}", 2 + number % 6
        posts.append(Post(str(number), tokens[:length], labels[:length]))
    write_posts(tmp_path / "train.jsonl", posts)
    write_posts(tmp_path / "dev.jsonl", posts[::2])
    return tmp_path


def train(run: RunConfig, data: Path, name: str, task: Callable[..., None] = train_job) -> Path:
    """Train into ``data/name`` as the workflow does; that folder."""
    folder = data / name
    folder.mkdir(exist_ok=True)
    values = asdict(run)
    arguments = {"values": values, "train": str(data / "train.jsonl"), "dev": str(data / "dev.jsonl")}
    arguments |= {"pixels": None, "features": None, "folder": str(folder), "about": ABOUT, "code": ""}
    launch(task, arguments, run.training.processes, folder / "log")
    return folder


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def watched_train_job(**arguments) -> None:
    """Train, and keep the steps' gradients beside the run."""
    with watched_steps() as gradients:
        train_job(**arguments)
    if not rank():
        torch.save(gradients, Path(arguments["folder"], "gradients.pt"))


def llama(weights: Path, **options) -> PartConfig:
    options |= {"max_subwords": 32, "lora": {"rank": 2, "dropout": 0.0}}
    return PartConfig("language_model", options, str(weights))


@pytest.fixture
def one_and_two(data: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[PartConfig], tuple[Path, Path]]:
    """Trains by one process and by two, which see the same gradients and losses: the folders of the runs."""
    tests = Path(__file__).parents[1]
    for folder in (tests, tests / "unit"):  # where workers find the task
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    def compare(encoder: PartConfig) -> tuple[Path, Path]:
        folders, gradients, losses = [], [], []
        for processes, name in ((1, "one"), (2, "two")):
            folders.append(train(run(encoder, processes, epochs=2), data, name, watched_train_job))
            gradients.append(torch.load(folders[-1] / "gradients.pt"))
            rows = history(folders[-1])
            losses.append([float(row[column]) for row in rows for column in ("train_loss", "dev_loss")])
        assert_same(gradients[1], gradients[0])
        assert losses[1] == pytest.approx(losses[0], rel=PRECISION)
        return tuple(folders)

    return compare


def test_two_processes_have_the_gradients_of_one(one_and_two: Callable) -> None:
    one_and_two(bilstm())


def test_two_processes_train_adapters_like_one(one_and_two: Callable, tiny_llama: Path) -> None:
    one_and_two(llama(tiny_llama))


def test_two_processes_share_frozen_weights_in_training_and_prediction(
    one_and_two: Callable, data: Path, tiny_llama: Path
) -> None:
    encoder = llama(tiny_llama, sharded=True, gradient_checkpointing=True)
    one, two = one_and_two(encoder)
    kept, whole = re.search(r"keeps (\d+) of (\d+) frozen", (two / "log").read_text()).groups()
    assert int(kept) == int(whole) / 2
    for processes, folder in ((1, one), (2, two)):
        outputs = {str(data / "dev.jsonl"): {"true": str(folder / "dev.jsonl")}}
        arguments = {"values": asdict(run(encoder)), "pixels": None, "features": None}
        launch(predict_job, arguments | {"folder": str(two), "outputs": outputs}, processes, folder / "log")
    assert (one / "dev.jsonl").read_bytes() == (two / "dev.jsonl").read_bytes()


def test_a_run_whose_worker_was_killed_says_so_and_ends_like_one_that_was_not(data: Path) -> None:
    disturbed = run(bilstm(dropout=0.3), epochs=12)
    undisturbed = train(disturbed, data, "undisturbed")
    folder = data / "killed"

    thread = in_epoch_3(folder, lambda: os.kill(workers()[1], signal.SIGKILL))
    with pytest.raises(UserError, match=r"process 2 of 2 was killed by SIGKILL.* Run again to go on"):
        train(disturbed, data, "killed")
    thread.join()
    files = {path.name for path in folder.iterdir()}
    assert files == {"checkpoint.before.pt", "checkpoint.pt", "log"}
    train(disturbed, data, "killed")
    assert "going on from epoch" in (folder / "log").read_text(encoding="utf-8")
    for name in ("model.safetensors", "checkpoint.pt"):
        assert (folder / name).exists() == (undisturbed / name).exists()
    assert (folder / "model.safetensors").read_bytes() == (undisturbed / "model.safetensors").read_bytes()
    losses = [[row["train_loss"] for row in history(one)] for one in (folder, undisturbed)]
    assert losses[0] == losses[1] and float(losses[0][-1]) < float(losses[0][0])
    assert yaml.safe_load((folder / "run.yaml").read_text())["config"]["training"]["processes"] == 2


def test_a_run_that_is_asked_to_end_writes_a_checkpoint(data: Path) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    thread = in_epoch_3(data / "preempted", lambda: os.kill(os.getpid(), signal.SIGTERM))
    try:
        with pytest.raises(SystemExit, match=str(128 + signal.SIGTERM)):
            train(run(bilstm(), epochs=400, seconds=1e9), data, "preempted")
    finally:
        thread.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    assert {path.name for path in (data / "preempted").iterdir()} == {"checkpoint.pt", "log"}
    assert "stopped by SIGTERM, the checkpoint is written" in (data / "preempted" / "log").read_text()


def in_epoch_3(folder: Path, act: Callable[[], None]) -> Thread:
    """Wait in a thread for the second line on an epoch in a run's log, then act."""

    def wait() -> None:
        log = folder / "log"
        while not (log.exists() and "epoch 2:" in log.read_text(encoding="utf-8")):
            time.sleep(0.005)
        act()

    thread = Thread(target=wait, daemon=True)
    thread.start()
    return thread


def workers() -> list[int]:
    """Process ids of the workers that this process started, by their rank."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"mnerflow.training.worker" in (folder / "cmdline").read_bytes():
                environment = dict(
                    pair.split(b"=", 1) for pair in (folder / "environ").read_bytes().split(b"\0") if pair
                )
                found[int(environment[b"RANK"])] = int(folder.name)
        except (OSError, KeyError):
            continue
    return [found[rank] for rank in sorted(found)]


def test_what_a_worker_says_is_what_the_run_says(data: Path) -> None:
    with pytest.raises(UserError, match=r"^text encoder: it needs pretrained weights"):
        train(run(PartConfig("language_model")), data, "weightless")
    assert not list((data / "weightless").glob("*.safetensors"))


def test_what_cannot_be_is_refused_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="4 bits cannot be sharded"):
        LanguageModel.create(Config(sharded=True, four_bit=True), None, [])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name, value in (("LOCAL_RANK", "0"), ("LOCAL_WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="2 processes need a GPU each, and the job sees 1"), join():
        pass
