"""The results as a terminal shows them: the table, and where the rest lies."""

from pathlib import Path

from mnerflow.evaluation.scores import read_scores
from mnerflow.reporting import rivals
from mnerflow.reporting.summary import short_table, summarize

PLACES = {"tables": "tables", "plots": "plots", "data": "reports/data", "report": "report.html"}


def results_text(study: Path) -> str:
    """The table of all combinations in ``scores.csv`` and the paths of tables, plots and reports.

    Raises ``UserError`` when there are no scores yet.
    """
    table = short_table(summarize(read_scores(study / "scores.csv"))).console()
    places = [f"{name:<8}{study / place}" for name, place in PLACES.items() if (study / place).exists()]
    return "\n".join([table, *places])


def rivals_text(study: Path) -> str:
    """The table of the rivals in ``tables/rivals.csv``, and its path."""
    path = study / "tables/rivals.md"
    rows = rivals.SHORT.read(path.with_suffix(".csv"))
    return f"{rivals.SHORT.render(rows).console()}\nrivals  {path}\n"
