"""Killed at any moment: what was whole stays whole, and going on ends in the same bytes."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from folder_contents import contents
from victims import (
    LONG,
    RUN,
    AtCheckpoint,
    KilledAtByte,
    ended,
    killed,
    killed_before_the_move,
    outcome,
    start,
    train,
)

from mnerflow.data.image_store import build_store
from mnerflow.evaluation.predictions import TESTED, Prediction, write_predictions
from mnerflow.reporting.table_files import write_csv

KILLS = 20


def test_training_killed_at_twenty_random_moments(data: Path, tmp_path: Path) -> None:
    assert ended(print) == 0  # the server has started
    begun = time.monotonic()
    assert ended(train, LONG, data, tmp_path / "undisturbed") == 0
    longest = (time.monotonic() - begun) / 3  # a start takes a part of it, whatever the machine
    whole, random = outcome(tmp_path / "undisturbed"), Random(6)
    folders, gone_on, kills = [tmp_path / "run0"], 0, 0
    while kills < KILLS or not gone_on:
        process = start(train, LONG, data, folders[-1])
        process.join(random.uniform(0, longest))
        longest *= 1.05  # so that some come late enough however busy the machine is
        process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            kills += 1
            gone_on += (folders[-1] / "checkpoint.pt").exists()
        else:  # it had come to its end, so the other kills are for another run
            assert process.exitcode == 0
            folders.append(tmp_path / f"run{len(folders)}")
    assert ended(train, LONG, data, folders[-1]) == 0
    for folder in folders:
        assert outcome(folder) == whole
        assert {file.name for file in folder.iterdir()} == {
            *("history.csv", "model.safetensors", "predictions.jsonl", "run.yaml")
        }


def store(data: Path, folder: Path, number: int) -> None:
    build_store([f"{n}.png" for n in range(number)], data / "images", folder, 16)


def predictions(data: Path, folder: Path, number: int) -> None:
    one = [Prediction(str(n), ["Ann"], ["B-PER"], ["O"], [1]) for n in range(number)]
    write_predictions(folder / "predictions.jsonl", {TESTED: one})


def table(data: Path, folder: Path, number: int) -> None:
    write_csv(
        folder / "grid.csv", [{"fusion": "linear", "seeds": n} for n in range(number)], ["fusion", "seeds"]
    )


@pytest.mark.parametrize("fault", [KilledAtByte(40), killed_before_the_move], ids=["half", "before the move"])
@pytest.mark.parametrize("write", [store, predictions, table])
def test_killed_while_writing(write: Callable, fault: Callable, data: Path, tmp_path: Path) -> None:
    write(data, tmp_path / "whole", 4)
    write(data, tmp_path / "torn", 2)
    before = contents(tmp_path / "torn")
    assert ended(write, data, tmp_path / "torn", 4, fault=fault) in (-signal.SIGXFSZ, -signal.SIGKILL)
    after = contents(tmp_path / "torn")
    # The store's index goes before its new pixels come: a store without one is never read.
    lost = {"index.csv"} if write is store and fault is killed_before_the_move else set()
    assert {name: after.get(name) for name in before} == before | dict.fromkeys(lost)
    write(data, tmp_path / "torn", 4)
    assert contents(tmp_path / "torn") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    "fault", [KilledAtByte(5000), killed_before_the_move], ids=["half", "before the move"]
)
def test_killed_while_writing_a_checkpoint(fault: Callable, data: Path, tmp_path: Path) -> None:
    train(RUN, data, tmp_path / "undisturbed")
    status = ended(train, RUN, data, tmp_path / "run", fault=AtCheckpoint(7, fault))
    assert status in (-signal.SIGXFSZ, -signal.SIGKILL)
    assert len(list((tmp_path / "run").glob(".checkpoint.pt.part-*"))) == 1
    # Of the eleven checkpoints of a run, five are left to write when it goes on from the sixth.
    assert ended(train, RUN, data, tmp_path / "run", fault=AtCheckpoint(6, killed)) == 0
    assert outcome(tmp_path / "run") == outcome(tmp_path / "undisturbed")
    assert not list((tmp_path / "run").glob(".*")) and not list((tmp_path / "run").glob("checkpoint*"))
