"""The results as a terminal shows them: the table, and where the rest lies."""

from pathlib import Path

from mnerflow.errors import printable
from mnerflow.evaluation.scores import read_scores
from mnerflow.record import ContextRecord
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


def context_text(record: Path) -> str:
    """Of an asked context's ``record``: how many posts have a text, why others have none, what it cost."""
    found = ContextRecord.read(record, "Ask for it again.")
    why = "".join(f"; {reason}: {len(ids)}" for reason, ids in found.without.items())
    parts = [f"{found.texts} of {found.posts} posts have a text{why}"]
    if found.cut_off:
        parts.append(f"{len(found.cut_off)} texts are cut off")
    if found.without_image:
        parts.append(
            f"{len(found.without_image)} posts without an image were asked about by their text alone"
        )
    if found.cost is not None:
        parts.append(f"${found.cost:.4f}, of which ${found.cost_now:.4f} now")
    return printable(f"{record.with_suffix('.jsonl')}: {'; '.join(parts)}. Lists: {record}")
