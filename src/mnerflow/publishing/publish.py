"""Publish finished runs as small files, which can be reused instead of training the runs again.

A published run consists of ``run.yaml``, ``history.csv`` and its predictions, compressed and without the
posts' words, which belong to others. Everything that is computed from predictions can be computed from these
again.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mnerflow.config.configuration import value_of
from mnerflow.errors import UserError
from mnerflow.files.reading import read_text
from mnerflow.files.writing import atomic_path, write_text
from mnerflow.plan.grid import expand
from mnerflow.plan.names import Run
from mnerflow.plan.study import config_of, file_of_study
from mnerflow.publishing.archive import recorded
from mnerflow.publishing.checksums import SUMS, read_sums, sums_below, sums_text
from mnerflow.publishing.published_runs import pack_run, runs_below
from mnerflow.publishing.tables import TABLES, TABLES_OF_WORDS
from mnerflow.record import RECORD
from mnerflow.yaml_file import yaml_text

# Settings of a single machine, which change no result.
LOCAL = ("mirror", "weights_mirror", "published", "finished_only", "allow_cpu", "max_cost", "keep_weights")


def publish(study: Path, out: Path) -> int:
    """Copy runs, scores, tables, plots, report and configuration into ``out``, and write their checksums.

    Only runs that ``study/config.yaml`` plans are copied, and the report only if it quotes no post. Runs that
    are already in ``out`` stay if ``study`` lacks them; other files of a former publication do not. Returns
    the number of runs in ``out`` afterwards.

    Raises:
        UserError: when ``study`` differs from what was recorded at the end of its workflow or contains
            rivals, and when ``out`` contains runs that are not planned, or anything but published results.
            Then nothing is written.
    """
    sums, _ = recorded(study)
    config = config_of(study)
    planned = expand(config)
    if lost := [run for run in runs_below(out) if run not in planned]:
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
            pack_run(study / "runs" / run.path, out / "runs" / run.path)
    for file in files:
        target = out / file.relative_to(study)
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target) as temporary:
            shutil.copyfile(file, temporary)
    for left_over in {*_published(out)} - {file.relative_to(study) for file in files}:
        (out / left_over).unlink(missing_ok=True)
    kept = {name: value for name, value in config.items() if name not in LOCAL}
    write_text(out / "config.yaml", yaml_text(kept))
    write_text(out / SUMS, sums_text(sums_below(out, out)))
    return len(runs_below(out))


def _published(out: Path) -> Iterator[Path]:
    """The files besides runs that a former publication listed in ``out``."""
    names = map(Path, read_sums(out, read_text(out / SUMS)))
    return (name for name in names if name.parts[0] != "runs")


def _results(study: Path, config: dict[str, Any], recorded_files: Iterable[str]) -> Iterator[Path]:
    """The files to publish besides runs; of the plots, only those recorded, since others may be left over."""
    yield study / "config.yaml"
    if not value_of(config, "quote_posts"):
        yield study / "report.html"
    yield study / "scores.csv"
    yield from (study / "tables" / name for name in (*TABLES, *TABLES_OF_WORDS))
    yield from (study / name for name in sorted(recorded_files) if Path(name).match("plots/*.svg"))
