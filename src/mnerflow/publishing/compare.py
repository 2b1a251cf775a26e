"""Compare a study's scores and tables with the published ones."""

from pathlib import Path

from mnerflow.errors import UserError, listed
from mnerflow.evaluation.scores import read_scores
from mnerflow.files.reading import read_bytes
from mnerflow.plan.names import Run
from mnerflow.plan.study import file_of_study
from mnerflow.publishing.tables import TABLES


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
