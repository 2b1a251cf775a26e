"""Publish finished runs as small files, and reuse published runs instead of training them.

A published run consists of ``run.yaml``, ``history.csv`` and its predictions, compressed and without the
posts' words, which belong to others. Everything that is computed from predictions can be computed from these
again.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mnerflow.config.configuration import value_of
from mnerflow.data.post import read_posts, sum_of_read
from mnerflow.errors import UserError, listed
from mnerflow.evaluation.predictions import PREDICTIONS, Predictions, read_predictions, write_predictions
from mnerflow.evaluation.scores import read_scores
from mnerflow.files.checksums import sha256
from mnerflow.files.reading import read_bytes, read_text
from mnerflow.files.writing import atomic_folder, atomic_path, write_text
from mnerflow.log import logger
from mnerflow.plan.grid import expand
from mnerflow.plan.kept_weights import DROPPED
from mnerflow.plan.layout import MODEL
from mnerflow.plan.names import Run
from mnerflow.plan.study import config_of, file_of_study
from mnerflow.publishing.archive import recorded
from mnerflow.publishing.checksums import SUMS, check_sums, sums_below, sums_text
from mnerflow.publishing.packed import PACKED, read_packed, write_packed
from mnerflow.record import RECORD, TrainingRecord
from mnerflow.yaml_file import yaml_text

RECORDS = (RECORD, "history.csv")
# Settings of a single machine, which change no result.
LOCAL = ("mirror", "weights_mirror", "published", "finished_only", "allow_cpu", "max_cost", "keep_weights")
# Tables that follow from predictions and run.yaml alone, and quote no post.
TABLES = (
    *(
        f"{name}.{ending}"
        for name in (
            *("grid", "thesis", "does_it_help", "pooled", "churn"),
            *("per_type", "learning_curve", "calibration", "cost", "literature"),
        )
        for ending in ("csv", "md", "tex")
    ),
    *("reliability.csv", "literature.bib", "fixed_and_broken.csv"),
)
# Tables that quote no post either, but need the posts' words to be computed.
TABLES_OF_WORDS = ("errors.csv", "errors.md", "strata.csv", "strata.md", "strata.tex")


def publish(study: Path, out: Path) -> int:
    """Copy runs, scores, tables, plots, report and configuration into ``out``, and write their checksums.

    Only runs that ``study/config.yaml`` plans are copied, and the report only if it quotes no post. Runs that
    are already in ``out`` stay if ``study`` lacks them. Returns the number of runs in ``out`` afterwards.

    Raises:
        UserError: when ``study`` differs from what was recorded at the end of its workflow or contains
            rivals, and when ``out`` contains runs that are not planned, or anything but published results.
            Then nothing is written.
    """
    sums, _ = recorded(study)
    config = config_of(study)
    planned = expand(config)
    if lost := [run for run in _runs(out) if run not in planned]:
        raise UserError(
            f"{out}: {len(lost)} of its runs, such as {lost[0].path}, are not planned by "
            f"{study / 'config.yaml'}. Choose another folder with --to, or remove this one."
        )
    if out.exists() and not (out / SUMS).exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(
            f"{out}: holds files, but no {SUMS}, so that they were not published there. Name an empty folder "
            "with --to."
        )
    shown = {Run.from_folder(Path(name).parent).text_encoder for name in sums if name.endswith(f"/{RECORD}")}
    if rivals := sorted(shown & config.get("rivals", {}).keys()):
        raise UserError(
            f"{study}: holds answers of {', '.join(rivals)}, and tables with rivals cannot be computed "
            "again from what is published. Run the workflow without `rivals` first, in another folder."
        )
    files = list(_results(study, config, sums))
    for file in files:
        file_of_study(study, str(file.relative_to(study)))
    if not (out / SUMS).exists():
        write_text(out / SUMS, "")  # so that an interrupted publication can be repeated
    for run in planned:
        if f"runs/{run.path}/{RECORD}" in sums:
            _pack_run(study / "runs" / run.path, out / "runs" / run.path)
    for file in files:
        target = out / file.relative_to(study)
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as temporary:
            shutil.copyfile(file, temporary)
    kept = {name: value for name, value in config.items() if name not in LOCAL}
    write_text(out / "config.yaml", yaml_text(kept))
    write_text(out / SUMS, sums_text(sums_below(out, out)))
    return len(_runs(out))


def unpack(published: Path, results: Path) -> int:
    """Put all published runs into ``results``, with empty words; returns their number.

    Raises ``UserError`` when a file is missing, was changed, or is not listed in ``SHA256SUMS``, and when
    ``results`` already contains runs, which are left untouched.
    """
    check_sums(published, published)
    if (results / "runs").exists():
        raise UserError(
            f"{results / 'runs'}: holds runs already, which would be lost. Name another folder, or move them "
            "away."
        )
    runs = _runs(published)
    with atomic_folder(results / "runs") as folder:
        for run in runs:
            packed = published / "runs" / run.path
            _, predictions = _read_run(packed)
            _write_run(packed, folder / run.path, predictions)
    return len(runs)


def take_over(published: Path, run: Run, results: Path, data: Path) -> None:
    """Unpack one published run into ``results``, replacing one that was trained there with other settings.

    Args:
        published: folder of published results.
        run: the run to unpack.
        results: folder in which the run's folder is made.
        data: folder of the prepared posts, whose words are put into the predictions.

    Raises:
        UserError: when the run's files do not match ``SHA256SUMS``, and when the posts are not those that it
            was trained on or predicted.
    """
    packed, folder = published / "runs" / run.path, results / "runs" / run.path
    check_sums(published, packed)
    record, predictions = _read_run(packed)
    _check_data(packed, record, data)
    _fill_words(packed, predictions, data)
    # Removed first: beside the new record, they would pass for weights that were trained with its settings.
    (folder / DROPPED).unlink(missing_ok=True)
    if (folder / MODEL).exists():
        (folder / MODEL).unlink()
        logger.warning("%s: removed, it was trained with other settings", folder / MODEL)
    _write_run(packed, folder, predictions)


def _read_run(packed: Path) -> tuple[TrainingRecord, Predictions]:
    return TrainingRecord.read(packed / RECORD, "Fetch it again."), read_packed(packed / PACKED)


def _write_run(packed: Path, folder: Path, predictions: Predictions) -> None:
    write_predictions(folder / PREDICTIONS, predictions)
    for name in RECORDS:
        write_text(folder / name, read_text(packed / name))


def _check_data(packed: Path, record: TrainingRecord, data: Path) -> None:
    """Raise ``UserError`` if the posts in ``data`` are not those that the run was trained on.

    Contexts that were added to the posts since, and that the run does not read, make no difference.
    """
    for name, checksum in record.data_sha256.items():
        file = data / Path(name).name
        if file.suffix == ".jsonl" and not _is_of(file, checksum, record.config.get("contexts", ())):
            raise UserError(
                f"{packed}: {file} is not what this run was trained on. Prepare it as it was, or "
                "train anew with `--config published=`."
            )


def _fill_words(packed: Path, predictions: Predictions, data: Path) -> None:
    """Put the posts' words into predictions; raises ``UserError`` for a post that is not in ``data``."""
    for split in {split for split, _ in predictions}:
        posts = {post.id: post for post in read_posts(data / f"{split}.jsonl")}
        for prediction in (each for which in predictions if which[0] == split for each in predictions[which]):
            post = posts.get(prediction.id)
            if post is None or post.labels != prediction.labels:
                raise UserError(
                    f"{packed / PACKED}: post {prediction.id!r} does not stand in {data} with these "
                    "labels. Prepare the data as it was, or train anew with `--config published=`."
                )
            prediction.tokens = post.tokens


def _is_of(posts: Path, checksum: str, contexts: Sequence[str]) -> bool:
    """Whether prepared posts have the checksum, as they are or with only these ``contexts``."""
    return posts.is_file() and checksum in (sha256(posts), sum_of_read(posts, contexts))


def compare_tables(published: Path, study: Path) -> tuple[int, list[str]]:
    """The number of scores and tables, and which of them differ or are missing.

    Raises ``UserError`` if the two have other runs, whose tables must differ.
    """
    if not (published / "scores.csv").is_file():
        raise UserError(f"{published / 'scores.csv'}: no such file. Name a folder of published results.")
    computed = _scored(file_of_study(study, "scores.csv"))
    expected = _scored(published / "scores.csv")
    if computed != expected:
        raise UserError(
            f"{study}: its runs are not those of {published}. Computed alone: "
            f"{listed(sorted(computed - expected)) or 'none'}. Published alone: "
            f"{listed(sorted(expected - computed)) or 'none'}. Choose a study of the same runs."
        )
    names = ["scores.csv", *(f"tables/{name}" for name in TABLES)]
    wrong = []
    for name in names:
        if not (published / name).exists():
            wrong.append(f"{name}: not published")
        elif not (study / name).exists():
            wrong.append(f"{name}: not computed")
        elif read_bytes(published / name) != read_bytes(study / name):
            wrong.append(f"{name}: differs")
    return len(names), wrong


def _scored(scores: Path) -> set[str]:
    """The runs of a ``scores.csv``."""
    return {Run.of(row).path for row in read_scores(scores)}


def _runs(folder: Path) -> list[Run]:
    """The runs that have a record below ``folder``."""
    return sorted(Run.from_folder(record.parent) for record in (folder / "runs").rglob(RECORD))


def _pack_run(folder: Path, out: Path) -> None:
    for name in RECORDS:
        write_text(out / name, read_text(folder / name))
    write_packed(out / PACKED, read_predictions(folder / PREDICTIONS))


def _results(study: Path, config: dict[str, Any], recorded_files: Iterable[str]) -> Iterator[Path]:
    """The files to publish besides runs; of the plots, only those recorded, since others may be left over."""
    yield study / "config.yaml"
    if not value_of(config, "quote_posts"):
        yield study / "report.html"
    yield study / "scores.csv"
    yield from (study / "tables" / name for name in (*TABLES, *TABLES_OF_WORDS))
    yield from (study / name for name in sorted(recorded_files) if Path(name).match("plots/*.svg"))
