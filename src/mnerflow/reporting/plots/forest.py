"""What each run gains over its baseline."""

from pathlib import Path
from typing import Any

from mnerflow.plan.names import Combination
from mnerflow.reporting import does_it_help, style
from mnerflow.reporting.plots.intervals import IntervalRow, handle, interval_figure, mark


@style.styled
def draw_forest(comparisons: str | Path, out_stem: str | Path) -> None:
    """Draw the differences of ``does_it_help.csv`` with their 95 % intervals, the verdict at the right edge.

    A filled marker is a significant difference; with a single seed, no difference is significant. Raises
    ``UserError`` when the file is missing or lacks a column.
    """
    rows = [
        IntervalRow(
            Combination.of(record),
            [mark(record, ("difference", "low", "high"), "full" if record["sure"] else "none")],
            _word(record),
        )
        for record in does_it_help.TABLE.read(comparisons)
    ]
    handles = [handle("significant", "full"), handle("not significant", "none")]
    label = "With − without the source, test entity F1 (points)"
    figure = (
        interval_figure(rows, label, handles)
        if rows
        else style.note("No run was compared with its baseline.")
    )
    style.save(figure, out_stem)


def _word(record: dict[str, Any]) -> str:
    return record["verdict"] if record["source"] == "image" else f"{record['source']}: {record['verdict']}"
