"""Which trained weights stay, whatever the order in which runs end, and what is said of those that went."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from records import write_record
from test_grid import load

from mnerflow.errors import UserError
from mnerflow.files.writing import write_text
from mnerflow.plan.grid import expand, starting_runs
from mnerflow.plan.kept_weights import (
    DROPPED,
    drop_after_predicting,
    drop_rest,
    dropped_below,
    put_back,
    was_dropped,
)
from mnerflow.plan.layout import MODEL
from mnerflow.plan.names import Run
from mnerflow.prediction.runs import trained_run

BEGUN = {"init_from": {"dataset": "demo_control", "variant": "base", "allow_leak": True}}
# Dev scores of the seeds 1 to 3; two are best.
SCORES = {1: 0.5, 2: 0.75, 3: 0.75}


def config(keep: str) -> dict[str, Any]:
    block = {"datasets": ["demo"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1, 2, 3]}
    grid = [block, block | {"variants": ["begun"], "seeds": [1]}]
    return load() | {"grid": grid, "variants": {"begun": BEGUN}, "keep_weights": keep}


def train(run: Run, results: Path, score: float) -> Path:
    """What training leaves; the second epoch is kept."""
    folder = results / "runs" / run.path
    write_text(folder / "history.csv", f"epoch,dev_entity_f1\n1,0.1\n2,{score}\n3,0.9\n")
    write_record(folder, run, best_epoch=2, images=None)
    write_text(folder / MODEL, "large")
    return folder


def predict(run: Run, results: Path, configured: dict[str, Any]) -> None:
    write_text(results / "runs" / run.path / "predictions.jsonl", "")
    drop_after_predicting(configured, run, results)


def with_weights(results: Path) -> set[Run]:
    return {Run.from_folder(file.parent) for file in (results / "runs").rglob(MODEL)}


RUNS = [run for run in expand(config("all")) if run.variant == "base"]
[BEGUN_RUN] = {*expand(config("all"))} - {*RUNS}
[START] = starting_runs(config("all"), BEGUN_RUN)


@pytest.mark.parametrize("order", [*permutations(RUNS)])
@pytest.mark.parametrize(("keep", "kept"), [("all", {1, 2, 3}), ("best", {2}), ("none", set())])
def test_in_the_end_those_stay_that_are_to(keep: str, kept: set[int], order: list[Run], tmp_path: Path):
    configured = config(keep)
    for run in order:
        train(run, tmp_path, SCORES[run.seed])
        predict(run, tmp_path, configured)
        seen = [done for done in order[: order.index(run) + 1] if keep == "best"]
        best = max(seen, key=lambda done: (SCORES[done.seed], -done.seed), default=None)
        assert best is None or best in with_weights(tmp_path)
    drop_rest(configured, RUNS, tmp_path)
    assert {run.seed for run in with_weights(tmp_path)} == kept
    assert {run.seed for run in RUNS if was_dropped(tmp_path / "runs" / run.path)} == {1, 2, 3} - kept


def test_a_run_that_others_start_from_keeps_its_weights_until_they_are_trained(tmp_path: Path):
    configured = config("none")
    train(START, tmp_path, 0.5)
    predict(START, tmp_path, configured)
    drop_rest(configured, [START], tmp_path)
    assert with_weights(tmp_path) == {START}
    train(BEGUN_RUN, tmp_path, 0.5)
    predict(BEGUN_RUN, tmp_path, configured)
    assert with_weights(tmp_path) == {START}, "it may be read again before all is done"
    drop_rest(configured, [START, BEGUN_RUN], tmp_path)
    assert with_weights(tmp_path) == set()


def test_weights_that_nothing_was_predicted_with_stay(tmp_path: Path):
    train(RUNS[0], tmp_path, 0.5)
    drop_rest(config("none"), RUNS, tmp_path)
    assert with_weights(tmp_path) == {RUNS[0]}


def test_weights_that_were_lost_once_come_to_stay_when_they_are_to(tmp_path: Path):
    folder = train(RUNS[0], tmp_path, 0.5)
    predict(RUNS[0], tmp_path, config("none"))
    train(RUNS[0], tmp_path, 0.5)
    predict(RUNS[0], tmp_path, config("all"))
    (folder / MODEL).unlink()  # as Snakemake does, for which they are temporary
    put_back(tmp_path)
    assert (folder / MODEL).read_text() == "large" and not (folder / DROPPED).exists()
    assert not was_dropped(folder)


def test_predicting_says_how_to_get_them_back(tmp_path: Path):
    folder = train(RUNS[0], tmp_path / "results", 0.5)
    predict(RUNS[0], tmp_path / "results", config("none"))
    with pytest.raises(UserError) as error:
        trained_run(folder)
    assert dropped_below(tmp_path / "results") == (
        "weights dropped by keep_weights: of 1 run, whose predictions stay"
    )
    assert f"snakemake --config keep_weights=all -- {folder / MODEL}` trains it again" in str(error.value)
