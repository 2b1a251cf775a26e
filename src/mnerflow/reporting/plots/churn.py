"""What a source changes in the tags of test posts, compared with what another seed changes."""

from collections.abc import Sequence
from itertools import groupby
from operator import add
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mnerflow.errors import quantity
from mnerflow.plan.names import Combination
from mnerflow.reporting import churn, style
from mnerflow.reporting.columns import Row
from mnerflow.reporting.plots.intervals import MOST_ROWS, ROW
from mnerflow.reporting.plots.panels import sources_told


class Look(NamedTuple):
    """How a column is drawn: legend label, colour, marker, fill, and offset below its line."""

    label: str
    color: str
    marker: str
    fill: style.Fill
    below: float


LOOKS = {  # the last are drawn first
    "churn": Look("another seed", "#000000", "o", "full", -0.17),
    "across": Look("another seed, without the source", "#0075BC", "s", "none", 0.17),
    "changed_shuffled": Look("source shuffled", "#DD7722", "^", "full", 0),
    "changed_blank": Look("source blank", "#DD7722", "v", "none", 0),
}


@style.styled
def draw_churn(table: str | Path, out_stem: str | Path) -> None:
    """Draw ``churn.csv``: a panel per data set, all on one scale; a line is the range over pairs of runs.

    Only models whose baseline was run with another seed, and these baselines, are drawn. Raises ``UserError``
    when the file is missing or lacks a column.
    """
    rows = churn.TABLE.read(table)
    baselines = {row["baseline"] for row in rows if row["across"] is not None}
    rows = [row for row in rows if row["across"] is not None or Combination.of(row).folder in baselines]
    style.save(
        _figure(rows) if rows else style.note("No run has a baseline with another seed."),
        out_stem,
    )


def _figure(rows: Sequence[Row]) -> Figure:
    note = (
        f"The first {MOST_ROWS} of {quantity(len(rows), 'row')} of churn.csv."
        if len(rows) > MOST_ROWS
        else ""
    )
    panels = [list(group) for _, group in groupby(rows[:MOST_ROWS], key=lambda row: Combination.of(row).data)]
    heights = [len(panel) + 0.4 for panel in panels]
    figure = Figure(figsize=(style.COLUMN, 1.1 * ROW * sum(heights) + 0.3 * len(panels) + 0.3))
    grid = figure.add_gridspec(len(panels), 1, height_ratios=heights)
    drawn: list[Axes] = []
    for place, panel in enumerate(panels):
        shared = drawn[0] if drawn else None
        axes = figure.add_subplot(grid[place], sharex=shared, ylim=(len(panel) - 0.3, -0.7))
        axes.set_title(Combination.of(panel[0]).data)
        style.along_x(axes)
        axes.tick_params(axis="x", labelbottom=place == len(panels) - 1)
        _draw(axes, panel)
        axes.set_xlim(left=0)
        drawn.append(axes)
    drawn[-1].set_xlabel("Test posts tagged differently (%)")
    style.widen_for_labels(figure)
    style.legend_below(figure, [_handle(look) for look in LOOKS.values()], note)
    return figure


def _draw(axes: Axes, rows: Sequence[Row]) -> None:
    for y, row in enumerate(rows):
        for name, look in reversed(LOOKS.items()):
            if row[name] is not None:
                ends = [100 * row[end] for end in (f"{name}_low", f"{name}_high") if end in row]
                axes.plot(ends, [y + look.below] * len(ends), color=look.color, linewidth=0.8)
                axes.plot(
                    100 * row[name], y + look.below, color=look.color, marker=look.marker,
                    fillstyle=look.fill, markeredgewidth=0.7, markerfacecoloralt="white", zorder=3,
                )  # fmt: skip
    models = [f"{one.encoders} {style.words(one.system)}" for one in map(Combination.of, rows)]
    axes.set_yticks(range(len(rows)), [*map(add, sources_told(rows), models)])


def _handle(look: Look) -> Line2D:
    return Line2D(
        [], [], color=look.color, marker=look.marker, fillstyle=look.fill, markersize=4, linewidth=0.8,
        linestyle="-" if look.below else "", markerfacecoloralt="white", label=look.label,
    )  # fmt: skip
