"""From predictions to scores: one ``scores.json`` a run, one ``scores.csv`` for all of them."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from mnerflow.data.post import SPLITS
from mnerflow.errors import UserError
from mnerflow.evaluation.counts import count, write_counts
from mnerflow.evaluation.metrics import Scores, score
from mnerflow.evaluation.predictions import Prediction, read_predictions
from mnerflow.files import atomic_path, read_json, read_text, write_json
from mnerflow.grid import Run

CONDITIONS = ("true", "none", "shuffled", "blank")
METRICS = tuple(field.name for field in fields(Scores) if field.name != "per_type")
COUNTS = ("sentences", "gold_entities")


COLUMNS = (*(field.name for field in fields(Run)), "split", "image", *METRICS)


def score_run(
    run_folder: str | Path,
    tags: Sequence[str],
    out: str | Path,
    counts_out: str | Path | None = None,
    *,
    uses_image: bool,
) -> None:
    """Score every predictions file of a run into ``out``: ``{split: {image condition: scores}}``.

    ``predictions.<split>.jsonl`` is the condition ``true`` for a run that ``uses_image``, else ``none``.
    ``counts_out`` takes the counts a sentence of the test split, from which the statistics are computed.
    Raises ``UserError`` when there is no such file, or when one is malformed or has tags outside ``tags``.
    """
    plain = "true" if uses_image else "none"
    scores: dict[str, dict[str, dict]] = {}
    tested: dict[str, list[Prediction]] = {}
    for split in SPLITS:
        for condition, suffix in ((plain, ""), ("shuffled", ".shuffled"), ("blank", ".blank")):
            path = Path(run_folder) / f"predictions.{split}{suffix}.jsonl"
            if not path.exists():
                continue
            predictions = read_predictions(path)
            try:
                result = score(predictions, tags)
            except UserError as error:
                raise UserError(f"{path}: {error}") from error
            scores.setdefault(split, {})[condition] = asdict(result)
            if split == "test":
                tested[condition] = predictions
    if not scores:
        raise UserError(f"{run_folder}: no predictions.<split>.jsonl to score. Predict first.")
    if counts_out:
        if plain not in tested:
            raise UserError(f"{run_folder}: no predictions.test.jsonl to count. Predict first.")
        try:
            write_counts(counts_out, count(tested, tags))
        except UserError as error:
            raise UserError(f"{run_folder}: {error}") from error
    write_json(out, scores)


def gather(score_files: Iterable[str | Path], out: str | Path) -> None:
    """Write ``scores.csv`` from ``scores.json`` files: a row a run, split and image condition, sorted.

    Raises ``UserError`` when a file does not lie in a run's folder or lacks a metric.
    """
    rows = []
    for path in score_files:
        run = Run.from_folder(Path(path).parent)
        for split, conditions in read_json(path).items():
            for condition, scores in conditions.items():
                missing = [metric for metric in METRICS if metric not in scores]
                if missing:
                    raise UserError(
                        f"{path}: {split}, {condition}: {missing[0]} is missing. Score the run again."
                    )
                rows.append((run, split, condition, scores))
    rows.sort(key=lambda row: (row[0], SPLITS.index(row[1]), CONDITIONS.index(row[2])))
    with atomic_path(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for run, split, condition, scores in rows:
            rounded = {metric: round(scores[metric], 6) for metric in METRICS}
            writer.writerow(asdict(run) | {"split": split, "image": condition} | rounded)


def read_scores(path: str | Path) -> list[dict]:
    """Rows of ``scores.csv``: seed and counts as ``int``, metrics as ``float``, the rest as ``str``.

    Raises ``UserError`` naming the file when a column is missing or a number is none.
    """
    reader = csv.DictReader(read_text(path).split("\n"))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        raise UserError(f"{path}: the column {missing[0]} is missing. Gather the scores again.")
    kinds = dict.fromkeys(METRICS, float) | dict.fromkeys((*COUNTS, "seed"), int)
    try:
        return [{column: kinds.get(column, str)(row[column]) for column in COLUMNS} for row in reader]
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{path}:{reader.line_num}: not a row of scores ({error}). Gather the scores again."
        ) from error


def best_run(scores: Iterable[dict], dataset: str) -> Run:
    """The run on a data set with the best entity F1 on dev, from ``read_scores``; the first of equals."""
    rows = [row for row in scores if row["dataset"] == dataset and row["split"] == "dev"]
    best = max(rows, key=lambda row: row["entity_f1"])
    return Run(**{field.name: best[field.name] for field in fields(Run)})
