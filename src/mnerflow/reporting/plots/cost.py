"""Test entity F1 against training time."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from mnerflow.evaluation.scores import read_scores
from mnerflow.plan.names import NONE, Combination
from mnerflow.reporting import cost, style
from mnerflow.reporting.plots.panels import figure_of, first_panels, group_by_panel, places
from mnerflow.reporting.summary import summarize

# Seconds, then mean F1 and its deviation in per cent.
Points = dict[Combination, tuple[float, float, float]]


@style.styled
def draw_cost(costs: str | Path, scores: str | Path, out_stem: str | Path) -> None:
    """Draw the test rows of ``scores.csv`` against the seconds of ``cost.csv``, means over seeds.

    There is one panel per data set and pair of encoders; the time axis is logarithmic. A bar is one standard
    deviation to either side. Marks are hollow where training ran on a different machine than most trainings.
    ``image_only`` is left out, because it would squeeze the others together. Raises ``UserError`` when a file
    is missing or lacks a column.
    """
    rows = cost.TABLE.read(costs)
    seconds = {Combination.of(row): row["seconds_mean"] for row in rows}
    points: Points = {
        Combination.of(row): (
            seconds[Combination.of(row)],
            100 * row["entity_f1_mean"],
            100 * (row["entity_f1_sd"] or 0),
        )
        for row in summarize(read_scores(scores))
        if Combination.of(row) in seconds and row["text_encoder"] != NONE
    }
    machines = {Combination.of(row): row["hardware"] for row in rows if Combination.of(row) in points}
    empty = "No run has scores and a cost yet."
    style.save(_figure(points, machines) if points else style.note(empty), out_stem)


def _figure(points: Points, machines: Mapping[Combination, str]) -> Figure:
    panels, note = first_panels(group_by_panel(points))
    (usual_machine, _), *others = Counter(machines.values()).most_common()
    if others:
        note = (
            f"{note} Hollow: not trained on {usual_machine}; seconds of two machines are not comparable."
        ).lstrip()
    looks = style.system_looks(run.system for run in points)
    placed = places(panels, 3)
    figure, grid, width = figure_of(placed, 1.7)
    first: dict[str, Axes] = {}  # by data set; its other panels share these scales
    for panel, row, column, starts in placed:
        same = first.get(panel.dataset)
        axes = figure.add_subplot(grid[row, column], sharex=same, sharey=same, xscale="log")
        first.setdefault(panel.dataset, axes)
        axes.set_title(panel.title(width - 0.4))
        for run in panels[panel]:
            look = looks[run.system]
            axes.errorbar(
                *points[run],
                color=look.color,
                marker=look.marker,
                markersize=4,
                markerfacecolor=look.color if machines[run] == usual_machine else "white",
                elinewidth=0.8,
            )
        axes.grid(visible=True, axis="x")
        axes.margins(x=0.1, y=0.1)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.minorticks_off()
        axes.set_xlabel("Training (seconds, log scale)")
        axes.tick_params(labelleft=starts)
        if column == 0:
            axes.set_ylabel("Test entity F1 (%)")
    for axes in figure.axes:  # ticks are at 1, 2 and 5: on an axis below a factor of 4 there may be only one
        left, right = axes.get_xlim()
        short = max(1, 4 * left / right) ** 0.5
        axes.set_xlim(left / short, right * short)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if right < 30 * left else (1, 3)))
    style.legend_below(figure, style.system_handles(looks), note)
    return figure
