"""A disk that is full or read-only: said in words, nothing half-written; free space is enough to go on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from disks import Disk
from tiny_run import FROZEN
from victims import RUN, AtCheckpoint, ended, killed, outcome, train

from mnerflow.data.image_store import build_store
from mnerflow.errors import UserError
from mnerflow.evaluation.counts import count, write_counts
from mnerflow.evaluation.predictions import TESTED, Prediction, write_predictions
from mnerflow.models.tagger import new_tagger
from mnerflow.plan.names import Run
from mnerflow.reporting import style
from mnerflow.reporting.table_files import write_csv
from mnerflow.training.checkpoint import save_checkpoint
from mnerflow.training.features import compute_features

POSTS = [Prediction(str(n), ["Ann"], ["B-PER"], ["O"], [1]) for n in range(400)]


def store(data: Path, folder: Path) -> None:
    build_store([f"{n}.png" for n in range(4)], data / "images", folder, 64)


def features(data: Path, folder: Path) -> None:
    compute_features(FROZEN, data / "store", folder / "cnn.npy", threads=1)


def checkpoint(data: Path, folder: Path) -> None:
    tagger = new_tagger(RUN, [], 0)
    save_checkpoint(folder / "checkpoint.pt", {"tagger": tagger.state_dict()}, "")


def model(data: Path, folder: Path) -> None:
    new_tagger(RUN, [], 0).save(folder / "model.safetensors")


def predictions(data: Path, folder: Path) -> None:
    write_predictions(folder / "predictions.jsonl", {TESTED: POSTS})


def counts(data: Path, folder: Path) -> None:
    run = Run("demo", "none", "bilstm", "none", "text_only", 1)
    write_counts(folder / "counts.npz", {run: count({"true": POSTS}, ["O", "B-PER", "I-PER"])})


def table(data: Path, folder: Path) -> None:
    write_csv(folder / "grid.csv", [{"fusion": "linear"}] * 2000, ["fusion"])


@style.styled
def plot(data: Path, folder: Path) -> None:
    style.save(style.note("Nothing to draw."), folder / "forest")


WRITERS = [store, features, checkpoint, model, predictions, counts, table, plot]


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_or_read_only_disk(write: Callable, data: Path, disk: Disk) -> None:
    folder = disk.folder / "results"
    folder.mkdir()
    disk.fill(0)
    with pytest.raises(UserError, match=r"could not be written \(.*[Nn]o space left.*\)\. Free some space"):
        write(data, folder)
    assert list(folder.iterdir()) == []
    disk.clear()
    disk.remount("ro")
    with pytest.raises(UserError, match=r"could not be written \(.*[Rr]ead-only file system"):
        write(data, folder)
    disk.remount("rw")
    assert list(folder.iterdir()) == []
    write(data, folder)
    assert list(folder.iterdir()) != []


def test_training_on_a_disk_that_fills_up_goes_on_when_it_is_freed(
    data: Path, disk: Disk, tmp_path: Path
) -> None:
    train(RUN, data, tmp_path / "undisturbed")
    assert ended(train, RUN, data, disk.folder / "run", fault=AtCheckpoint(4, killed)) < 0
    kept = (disk.folder / "run/checkpoint.pt").read_bytes()
    disk.fill(len(kept) // 2)
    with pytest.raises(UserError, match=r"checkpoint\.pt: could not be written \(No space left"):
        train(RUN, data, disk.folder / "run")
    assert (disk.folder / "run/checkpoint.pt").read_bytes() == kept
    assert not list((disk.folder / "run").glob(".*"))
    disk.clear()
    train(RUN, data, disk.folder / "run")
    assert outcome(disk.folder / "run") == outcome(tmp_path / "undisturbed")
