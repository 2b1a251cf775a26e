"""Finished runs as small files that can be given away, and taken over again instead of being trained.

A published run is ``run.yaml``, ``history.csv`` and its predictions, compressed and without the posts' words,
which belong to others. Everything that is computed from predictions can be computed from these again.
"""

import json
import lzma
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mnerflow.data.post import read_posts
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import Prediction, read_predictions, write_predictions
from mnerflow.files import atomic_path, read_text, sha256, write_text
from mnerflow.grid import Run, expand
from mnerflow.publishing.archive import recorded
from mnerflow.publishing.checksums import SUMS, read_sums, sums_text
from mnerflow.publishing.finished import MODEL
from mnerflow.record import RECORD, TrainingRecord

RECORDS = (RECORD, "history.csv")
PACKED = ".jsonl.xz"
# Settings that tell of one machine, and change no result.
LOCAL = ("mirror", "weights_mirror", "published", "finished_only", "allow_cpu", "max_cost")
# Tables that follow from predictions and run.yaml alone, and quote no post.
TABLES = (
    *(
        f"{name}.{ending}"
        for name in ("grid", "thesis", "does_it_help", "per_type", "cost")
        for ending in ("csv", "md", "tex")
    ),
    *("literature.csv", "literature.md", "fixed_and_broken.csv"),
)
# Those that quote no post either, but need the words to be computed.
TABLES_OF_WORDS = ("errors.csv", "errors.md")


def publish(results: Path, out: Path) -> int:
    """Copy runs, scores, tables, plots, report and configuration into ``out``, and write their checksums.

    Only what ``results/config.yaml`` plans is copied; the report where it quotes no post. Runs that ``out``
    holds already stay if ``results`` lacks them. Returns how many runs ``out`` holds then.

    Raises:
        UserError: when ``results`` is not what was recorded at the end of its workflow, or holds rivals, or
            when ``out`` holds runs that are not planned. Then nothing is written.
    """
    sums, _ = recorded(results)
    config = yaml.safe_load(read_text(results / "config.yaml"))
    planned = expand(config)
    if lost := [run for run in _runs(out) if run not in planned]:
        raise UserError(
            f"{out}: {len(lost)} of its runs, such as {lost[0].path}, are not planned by "
            f"{results / 'config.yaml'}. Choose another folder with --to, or remove this one."
        )
    if rivals := sorted({run.text_encoder for run in _runs(results)} & config.get("rivals", {}).keys()):
        raise UserError(
            f"{results}: holds answers of {', '.join(rivals)}, and tables with rivals cannot be computed "
            "again from what is published. Run the workflow without `rivals` first, in another folder."
        )
    files = list(_results(results, config))
    if missing := [file for file in files if not file.exists()]:
        raise UserError(f"{missing[0]}: no such file. Run the workflow to its end first.")
    for run in planned:
        if f"runs/{run.path}/{RECORD}" in sums:
            _pack(results / "runs" / run.path, out / "runs" / run.path)
    for file in files:
        target = out / file.relative_to(results)
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as temporary:
            shutil.copyfile(file, temporary)
    kept = {name: value for name, value in config.items() if name not in LOCAL}
    write_text(out / "config.yaml", yaml.safe_dump(kept, sort_keys=False, allow_unicode=True))
    write_text(out / SUMS, sums_text(_sums(out, out)))
    return len(_runs(out))


def unpack(published: Path, results: Path) -> int:
    """Put all published runs into ``results``, their words empty; returns how many.

    Raises ``UserError`` when a file is missing, was changed, or is not listed in ``SHA256SUMS``.
    """
    _check_sums(published, published)
    runs = _runs(published)
    for run in runs:
        _unpack_run(published / "runs" / run.path, results / "runs" / run.path, None)
    return len(runs)


def take_over(published: Path, run: Run, results: Path, data: Path) -> None:
    """Unpack one published run into ``results``, in place of one that was trained there with other settings.

    Args:
        published: folder of published results.
        run: one of its runs.
        results: where its folder is made.
        data: folder of the prepared posts whose words the predictions get.

    Raises:
        UserError: when the run's files are not what ``SHA256SUMS`` says, or when the posts are others than
            those that it was trained on or predicted.
    """
    packed = published / "runs" / run.path
    _check_sums(published, packed)
    _unpack_run(packed, results / "runs" / run.path, data)


def _unpack_run(packed: Path, folder: Path, data: Path | None) -> None:
    """Without ``data`` the predictions get empty words."""
    trained_on = TrainingRecord.read(packed / RECORD, "Fetch it again.").data_sha256 if data else {}
    for name, checksum in trained_on.items():
        file = data / Path(name).name
        if file.suffix == ".jsonl" and sha256(file) != checksum:
            raise UserError(
                f"{packed}: {file} is not what this run was trained on. Prepare it as it was, or "
                "train anew with `--config published=`."
            )
    (folder / MODEL).unlink(missing_ok=True)  # of other settings than the record will say
    for file in sorted(packed.glob(f"*{PACKED}")):
        name = file.name.removesuffix(PACKED)
        posts = {post.id: post for post in read_posts(data / f"{name.split('.')[1]}.jsonl")} if data else {}
        predictions = []
        for record in _records(file):
            tokens = [""] * len(record["labels"])
            if data:
                post = posts.get(record["id"])
                if post is None or post.labels != record["labels"]:
                    raise UserError(
                        f"{file}: post {record['id']!r} does not stand in {data} with these labels. Prepare "
                        "the data as it was, or train anew with `--config published=`."
                    )
                tokens = post.tokens
            predictions.append(Prediction(tokens=tokens, **record))
        write_predictions(folder / f"{name}.jsonl", predictions)
    for name in RECORDS:
        write_text(folder / name, read_text(packed / name))


def compare_tables(published: Path, results: Path) -> tuple[int, list[str]]:
    """How many scores and tables there are, and which of them differ or are missing."""
    if not (published / "scores.csv").exists():
        raise UserError(f"{published / 'scores.csv'}: no such file. Name a folder of published results.")
    names = ["scores.csv", *(f"tables/{name}" for name in TABLES)]
    wrong = []
    for name in names:
        if not (published / name).exists():
            wrong.append(f"{name}: not published")
        elif not (results / name).exists():
            wrong.append(f"{name}: not computed")
        elif (published / name).read_bytes() != (results / name).read_bytes():
            wrong.append(f"{name}: differs")
    return len(names), wrong


def _runs(folder: Path) -> list[Run]:
    """The runs that have a record below ``folder``."""
    return sorted(Run.from_folder(record.parent) for record in (folder / "runs").rglob(RECORD))


def _pack(folder: Path, out: Path) -> None:
    for name in RECORDS:
        write_text(out / name, read_text(folder / name))
    for file in sorted(folder.glob("predictions.*.jsonl")):
        lines = []
        for prediction in read_predictions(file):
            record = prediction.record()
            del record["tokens"]
            lines.append(json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n")
        with atomic_path(out / f"{file.stem}{PACKED}") as temporary:
            temporary.write_bytes(lzma.compress("".join(lines).encode(), preset=9))


def _results(results: Path, config: dict[str, Any]) -> Iterator[Path]:
    yield results / "config.yaml"
    if not config.get("quote_posts", True):
        yield results / "report.html"
    yield results / "scores.csv"
    yield from (results / "tables" / name for name in (*TABLES, *TABLES_OF_WORDS))
    yield from sorted((results / "plots").glob("*.svg"))


def _records(file: Path) -> Iterator[dict[str, Any]]:
    try:
        text = lzma.decompress(file.read_bytes()).decode()
    except (lzma.LZMAError, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: damaged ({error}). Fetch it again.") from error
    return (json.loads(line) for line in text.split("\n") if line)


def _sums(folder: Path, part: Path) -> dict[str, str]:
    files = (file for file in part.rglob("*") if file.is_file() and file.name != SUMS)
    return {file.relative_to(folder).as_posix(): sha256(file) for file in files}


def _check_sums(published: Path, part: Path) -> None:
    """Raise ``UserError`` when the files below ``part`` are not those that ``SHA256SUMS`` lists there."""
    listed, found = read_sums(published, read_text(published / SUMS)), _sums(published, part)
    within = part.relative_to(published)
    listed = {name: digest for name, digest in listed.items() if Path(name).is_relative_to(within)}
    if wrong := sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name)):
        raise UserError(
            f"{published / wrong[0]}: missing, changed or not listed in {SUMS} (so {len(wrong)} of "
            f"{len(found)} files). Fetch the published results again."
        )
