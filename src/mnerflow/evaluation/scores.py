"""Scores of predictions: a ``scores.json`` per run and per text encoder, one ``scores.csv`` for all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from mnerflow.conditions import TRUE, Condition
from mnerflow.data.post import SPLITS
from mnerflow.errors import UserError
from mnerflow.evaluation.counts import Counts, count, write_counts
from mnerflow.evaluation.metrics import Scores, score
from mnerflow.evaluation.predictions import PREDICTIONS, read_predictions
from mnerflow.files.csv_text import csv_rows, csv_text
from mnerflow.files.json_text import read_json, write_json
from mnerflow.files.reading import read_text
from mnerflow.files.writing import write_text
from mnerflow.plan.names import Run

METRICS = tuple(field.name for field in fields(Scores) if field.name != "per_type")
COUNTS = ("sentences", "gold_entities")
COLUMNS = (*(field.name for field in fields(Run)), "split", "condition", *METRICS)


def score_runs(
    run_folders: Iterable[str | Path], tags: Sequence[str], counts_out: str | Path, out: str | Path | None
) -> None:
    """Score runs into a ``scores.json`` in each one's folder: ``{split: {condition: scores}}``.

    ``out``, if given, gets the scores of all runs as ``{run: …}``. ``counts_out`` gets the counts per
    sentence of their test splits, from which the statistics are computed. Raises ``UserError`` as
    ``score_run`` does.
    """
    scores, counts = {}, {}
    for folder in run_folders:
        run = Run.from_folder(folder)
        scores[run.path], counts[run] = score_run(folder, tags)
        write_json(Path(folder) / "scores.json", scores[run.path])
    write_counts(counts_out, counts)
    if out is not None:
        write_json(out, scores)


def score_run(
    run_folder: str | Path, tags: Sequence[str]
) -> tuple[dict[str, dict[str, dict[str, Any]]], Counts]:
    """Scores of a run's predictions by split and condition, and the counts of its test split.

    Raises ``UserError`` when the test split has no predictions with all sources true, or when the file is
    malformed or has tags outside ``tags``.
    """
    path = Path(run_folder) / PREDICTIONS
    predictions = read_predictions(path)
    scores: dict[str, dict[str, dict[str, Any]]] = {}
    try:
        for (split, condition), posts in predictions.items():
            scores.setdefault(split, {})[condition] = asdict(score(posts, tags))
        tested = {condition: posts for (split, condition), posts in predictions.items() if split == "test"}
        if TRUE.name not in tested:
            raise UserError("no predictions of the test split to score. Predict again.")
        return scores, count(tested, tags)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def gather(score_files: Iterable[str | Path], out: str | Path) -> None:
    """Write ``scores.csv`` from ``scores.json`` files, each of which has the scores of one or several runs.

    It has one row per run, split and condition, in sorted order. Raises ``UserError`` when a file names no
    run or lacks a metric.
    """
    rows = [row for path in score_files for row in _rows_of(path)]
    rows.sort(key=lambda row: (row[0], SPLITS.index(row[1]), Condition.named(row[2])))
    cells = (
        (*asdict(run).values(), split, condition, *(round(scores[metric], 8) for metric in METRICS))
        for run, split, condition, scores in rows
    )
    write_text(out, csv_text(COLUMNS, cells))


def _rows_of(path: str | Path) -> Iterator[tuple[Run, str, str, dict[str, Any]]]:
    """Yield run, split, condition and scores from a ``scores.json``."""
    read = read_json(path)
    if read.keys() <= set(SPLITS):  # one run's own
        read = {str(Path(path).parent): read}
    for name, splits in read.items():
        run = Run.from_folder(name)
        for split, conditions in splits.items():
            for condition, scores in conditions.items():
                if missing := [metric for metric in METRICS if metric not in scores]:
                    raise UserError(
                        f"{path}: {name}, {split}, {condition}: {missing[0]} is missing. "
                        "Delete the file and run again."
                    )
                yield run, split, condition, scores


def read_scores(path: str | Path) -> list[dict[str, Any]]:
    """Rows of ``scores.csv``: seed and counts as ``int``, metrics as ``float``, the rest as ``str``.

    Raises ``UserError`` naming the file when a column is missing or a number is malformed.
    """
    header, *rows = [*csv_rows(read_text(path))] or [[]]
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise UserError(f"{path}: the column {missing[0]} is missing. Gather the scores again.")
    kinds = dict.fromkeys(METRICS, float) | dict.fromkeys((*COUNTS, "seed"), int)
    records = []
    for number, row in enumerate(rows, start=2):
        try:
            cells = dict(zip(header, row, strict=True))
            records.append({column: kinds.get(column, str)(cells[column]) for column in COLUMNS})
        except ValueError as error:
            raise UserError(
                f"{path}:{number}: not a row of scores ({error}). Gather the scores again."
            ) from error
    return records


def best_run(scores: Iterable[dict[str, Any]], dataset: str) -> Run:
    """The run on a data set with the best entity F1 on dev, from ``read_scores``; ties go to the first."""
    rows = [row for row in scores if row["dataset"] == dataset and row["split"] == "dev"]
    best = max(rows, key=lambda row: row["entity_f1"])
    return Run.of(best)
