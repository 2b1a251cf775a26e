"""Unpack all published runs into a folder of results, from which tables can be computed again."""

from pathlib import Path

from mnerflow.errors import UserError
from mnerflow.files.writing import atomic_folder
from mnerflow.publishing.checksums import check_sums
from mnerflow.publishing.published_runs import read_run, runs_below, write_run


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
    runs = runs_below(published)
    with atomic_folder(results / "runs") as folder:
        for run in runs:
            packed = published / "runs" / run.path
            _, predictions = read_run(packed)
            write_run(packed, folder / run.path, predictions)
    return len(runs)
