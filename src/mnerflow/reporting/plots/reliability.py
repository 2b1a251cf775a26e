"""How often predicted entities are right, by the model's confidence in them."""

from collections import defaultdict
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnerflow.plan.names import Combination
from mnerflow.reporting import calibration, style
from mnerflow.reporting.plots.panels import figure_of, first_panels, group_by_panel, looks_by_data, places
from mnerflow.reporting.style import MUTED

Points = dict[Combination, list[tuple[float, float]]]  # confidence and accuracy of each bin, in per cent


@style.styled
def draw_reliability(bins: str | Path, out_stem: str | Path) -> None:
    """Draw the entities of ``reliability.csv``, one panel per data set and pair of encoders.

    Below the diagonal, a model is right less often than its confidence says. Raises ``UserError`` when the
    file is missing or lacks a column.
    """
    points: Points = defaultdict(list)
    for row in calibration.RELIABILITY.read(bins):
        if row["unit"] == "entity":
            points[Combination.of(row)].append((100 * row["confidence"], 100 * row["accuracy"]))
    style.save(_figure(points) if points else style.note("No predictions contain a confidence."), out_stem)


def _figure(points: Points) -> Figure:
    panels, note = first_panels(group_by_panel(points))
    looks = style.system_looks(run.system for run in points)
    placed = places(panels, 3)
    figure, grid, width = figure_of(placed, 2.2)
    looks_of = looks_by_data(panels, looks)
    first: Axes | None = None
    for panel, row, column, _ in placed:
        axes = figure.add_subplot(grid[row, column], sharex=first, sharey=first, xlim=(0, 102), ylim=(0, 102))
        first = first or axes
        axes.set_title(panel.title(width - 0.4))
        axes.grid(visible=True, axis="both")
        axes.axline((0, 0), slope=1, color=MUTED, linewidth=0.7)
        of_fusion = {run.system: points[run] for run in panels[panel]}
        for fusion, look in looks_of[panel.data].items():
            if fusion in of_fusion:
                x, y = zip(*of_fusion[fusion], strict=True)
                axes.plot(x, y, color=look.color, marker=look.marker, linestyle=look.line, linewidth=0.9)
        axes.tick_params(labelleft=column == 0)
        axes.set_xlabel("Confidence (%)")
        if column == 0:
            axes.set_ylabel("Right entities (%)")
    style.legend_below(figure, style.system_handles(looks), note)
    return figure
