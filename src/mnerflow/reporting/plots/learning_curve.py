"""Test entity F1 against the number of training posts."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnerflow.plan.names import NONE, Combination
from mnerflow.reporting import learning_curve, style
from mnerflow.reporting.plots.panels import figure_of, first_panels, group_by_panel, places
from mnerflow.reporting.style import Look

Rows = list[dict[str, Any]]
ASIDE = 1.03  # factor between the positions of two systems with the same number of posts


@style.styled
def draw_learning_curve(table: str | Path, out_stem: str | Path) -> None:
    """Draw ``learning_curve.csv``: a line per system, with the 95 % interval of the mean over seeds as a bar.

    There is one panel per data set and pair of encoders; the axis of posts is logarithmic. ``image_only`` is
    left out, because it would squeeze the others together. Raises ``UserError`` when the file is missing or
    lacks a column.
    """
    curves: dict[Combination, Rows] = {}
    for row in learning_curve.TABLE.read(table):
        if row["text_encoder"] != NONE:
            curves.setdefault(Combination.of(row), []).append(row)
    empty = "No model was trained on several shares of the training posts."
    style.save(_figure(curves) if curves else style.note(empty), out_stem)


def _figure(curves: dict[Combination, Rows]) -> Figure:
    panels, note = first_panels(group_by_panel(curves))
    looks = style.system_looks(run.system for run in curves)
    placed = places(panels, 3)
    figure, grid, width = figure_of(placed, 1.8)
    first: dict[str, Axes] = {}  # by data set; its other panels share these scales
    for panel, row, column, starts in placed:
        same = first.get(panel.dataset)
        axes = figure.add_subplot(grid[row, column], sharex=same, sharey=same, xscale="log")
        first.setdefault(panel.dataset, axes)
        axes.set_title(panel.title(width - 0.4))
        axes.margins(x=0.1)
        axes.set_xlabel("Training posts (log scale)")
        axes.tick_params(labelleft=starts)
        if column == 0:
            axes.set_ylabel("Test entity F1 (%)")
        drawn = panels[panel]
        for index, run in enumerate(sorted(drawn, key=lambda run: [*looks].index(run.system))):
            _draw(axes, curves[run], looks[run.system], ASIDE ** (index - (len(drawn) - 1) / 2))
        axes.set_xticks(sorted({round(each["training_posts"]) for run in drawn for each in curves[run]}))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.minorticks_off()
    style.legend_below(figure, style.line_handles(looks), note)
    return figure


def _draw(axes: Axes, rows: Rows, look: Look, aside: float) -> None:
    means = [100 * row["entity_f1_mean"] for row in rows]
    bars = [[_bar(row, end) for row in rows] for end in ("entity_f1_low", "entity_f1_high")]
    axes.errorbar(
        [aside * row["training_posts"] for row in rows], means, bars,
        color=look.color, marker=look.marker, linestyle=look.line, elinewidth=0.8,
    )  # fmt: skip


def _bar(row: dict[str, Any], end: str) -> float:
    """The distance of the interval's end from the mean; 0 without an interval."""
    return 0.0 if row[end] is None else 100 * abs(row[end] - row["entity_f1_mean"])
