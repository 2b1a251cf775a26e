"""Which trained weights stay on disk once a run has predicted: ``keep_weights`` of the configuration.

A file next to the predictions says that a run's weights were dropped, so the run is not trained again for
them.
"""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mnerflow.config.configuration import value_of
from mnerflow.errors import UserError, quantity
from mnerflow.evaluation.predictions import PREDICTIONS
from mnerflow.files.reading import read_text
from mnerflow.files.writing import write_text
from mnerflow.plan.grid import expand, starting_runs
from mnerflow.plan.layout import MODEL
from mnerflow.plan.names import Run
from mnerflow.plan.tuning import searches
from mnerflow.record import RECORD, TrainingRecord

ASIDE = "model.kept.safetensors"
DROPPED = "weights_dropped.txt"


def was_dropped(folder: Path) -> bool:
    """Whether the run in ``folder`` was trained there and its weights were dropped."""
    return (folder / DROPPED).exists() and not (folder / MODEL).exists()


def dropped_below(results: Path) -> str:
    """A message about the runs in ``results`` whose weights were dropped; empty if there are none."""
    count = sum(was_dropped(file.parent) for file in (results / "runs").rglob(DROPPED))
    runs = quantity(count, "run")
    return f"weights dropped by keep_weights: of {runs}, whose predictions stay" if count else ""


def drop_after_predicting(config: dict[str, Any], run: Run, results: Path) -> None:
    """Remove the weights of a run that has just predicted, unless it keeps them or others start from it.

    If the run had lost its weights before, Snakemake removes the new ones. If these are to stay, they are put
    aside until ``put_back``.
    """
    folder = results / "runs" / run.path
    if _not_kept(config, [run], results) and run not in _runs_started_from(config, results, trained_too=True):
        _drop(config, folder)
    elif (folder / DROPPED).exists():
        (folder / ASIDE).unlink(missing_ok=True)
        os.link(folder / MODEL, folder / ASIDE)


def put_back(results: Path) -> None:
    """Give runs back the weights that were put aside for them; call it while nothing trains or predicts."""
    for aside in (results / "runs").rglob(ASIDE):
        aside.replace(aside.with_name(MODEL))
        aside.with_name(DROPPED).unlink(missing_ok=True)


def drop_rest(config: dict[str, Any], runs: Iterable[Run], results: Path) -> None:
    """Remove all weights of ``runs`` that are no longer needed; call it while nothing trains or predicts.

    These are the weights of runs that were best until a better one came, and of runs from which others
    started that are now trained. With ``best``, one run of each data set and filter keeps its weights: among
    those that have any, the run with the best entity F1 on dev, and on a tie the first by name. Raises
    ``UserError`` for a bad record.
    """
    planned, needed = {*expand(config)}, _runs_started_from(config, results, trained_too=False)
    for run in _not_kept(config, runs, results) - needed:
        if run not in planned or _has_predicted(results, run):
            _drop(config, results / "runs" / run.path)


def _drop(config: dict[str, Any], folder: Path) -> None:
    if (folder / MODEL).exists():
        # Written first: without it, a run that lacks weights is trained again.
        write_text(folder / DROPPED, f"keep_weights: {config['keep_weights']}\n")
        (folder / MODEL).unlink()


def _not_kept(config: dict[str, Any], runs: Iterable[Run], results: Path) -> set[Run]:
    """Those of ``runs`` whose weights ``keep_weights`` does not keep."""
    keep = value_of(config, "keep_weights")
    if keep == "all":
        return set()
    return {*runs} - (_best(config, results) if keep == "best" else set())


def _best(config: dict[str, Any], results: Path) -> set[Run]:
    """The best run of each data set and filter among the runs that have weights."""
    found: dict[tuple[str, str], tuple[float, Run]] = {}
    for run in expand(config):
        folder = results / "runs" / run.path
        if any((folder / name).exists() for name in (MODEL, ASIDE)) and (folder / RECORD).exists():
            score = dev_score(folder)
            best = found.setdefault((run.dataset, run.filter), (score, run))
            if score > best[0]:
                found[run.dataset, run.filter] = score, run
    return {run for _, run in found.values()}


def dev_score(folder: Path, name: str = "entity_f1") -> float:
    """A dev score of the epoch that was kept; raises ``UserError`` if it was not recorded."""
    again = "Delete the run's folder and train again."
    kept = TrainingRecord.read(folder / RECORD, again).best_epoch
    epochs = csv.DictReader(read_text(folder / "history.csv", again).splitlines())
    try:
        return next(float(row[f"dev_{name}"]) for row in epochs if row["epoch"] == str(kept))
    except (csv.Error, KeyError, TypeError, ValueError, StopIteration) as error:
        raise UserError(f"{folder / 'history.csv'}: no {name} on dev of epoch {kept}. {again}") from error


def _has_predicted(results: Path, run: Run) -> bool:
    return (results / "runs" / run.path / PREDICTIONS).exists()


def _runs_started_from(config: dict[str, Any], results: Path, trained_too: bool) -> set[Run]:
    """Runs that others start from; unless ``trained_too``, only others that are to be tuned or trained."""
    tried = {candidate.run for search in searches(config) for candidate in search}
    planned = {*expand(config), *tried}
    planned |= {start for run in planned for start in starting_runs(config, run)}
    waiting = [run for run in planned if trained_too or run in tried or not _was_ever_trained(results, run)]
    return {start for run in waiting for start in starting_runs(config, run)[:1]}


def _was_ever_trained(results: Path, run: Run) -> bool:
    """Whether a run was trained; unlike ``finished.is_trained``, its settings are not compared."""
    folder = results / "runs" / run.path
    return (folder / MODEL).exists() or was_dropped(folder)
