"""Test F1 of every entity type, by fusion."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnerflow.plan.names import NONE, Combination
from mnerflow.reporting import per_type, style
from mnerflow.reporting.plots.panels import figure_of, first_panels, group_by_panel, looks_by_data, places
from mnerflow.reporting.style import Look

Scores = dict[Combination, dict[str, tuple[float, float]]]  # by type: mean and deviation in per cent


@style.styled
def draw_per_type(types: str | Path, out_stem: str | Path) -> None:
    """Draw ``per_type.csv``: a marker is a mean over seeds, a bar one standard deviation to either side.

    There is one panel per data set and pair of encoders. ``image_only`` is left out, because it would squeeze
    the others together. Raises ``UserError`` when the file is missing or lacks a column.
    """
    scores: Scores = {}
    for row in per_type.TABLE.read(types):
        if row["text_encoder"] != NONE:
            mean, deviation = (100 * (row[name] or 0) for name in ("f1_mean", "f1_sd"))
            scores.setdefault(Combination.of(row), {})[row["type"]] = mean, deviation
    style.save(_figure(scores) if scores else style.note("No scores by type yet."), out_stem)


def _figure(scores: Scores) -> Figure:
    panels, note = first_panels(group_by_panel(scores))
    looks = style.system_looks(run.system for run in scores)
    widest = max(len(kinds) for kinds in scores.values())
    placed = places(panels, 3 if widest <= style.DENSE else 1)
    figure, grid, width = figure_of(placed, 1.6)
    looks_of = looks_by_data(panels, looks)
    first: dict[str, Axes] = {}  # by data set; its other panels share this scale
    for panel, row, column, starts in placed:
        axes = figure.add_subplot(grid[row, column], sharey=first.get(panel.dataset))
        first.setdefault(panel.dataset, axes)
        axes.set_title(panel.title(width - 0.4))
        _draw(axes, {run.system: scores[run] for run in panels[panel]}, looks_of[panel.data])
        axes.tick_params(labelleft=starts)
        if column == 0:
            axes.set_ylabel("Test F1 (%)")
    style.legend_below(figure, style.system_handles(looks), note)
    return figure


def _draw(axes: Axes, fusions: dict[str, dict[str, tuple[float, float]]], looks: dict[str, Look]) -> None:
    types = list(next(iter(fusions.values())))
    step = 0.8 / len(looks)
    for index, (fusion, look) in enumerate(looks.items()):
        for x, kind in enumerate(types if fusion in fusions else ()):
            mean, deviation = fusions[fusion][kind]
            axes.errorbar(
                x + (index - (len(looks) - 1) / 2) * step, mean, deviation,
                color=look.color, marker=look.marker, markersize=3.6, elinewidth=0.8,
            )  # fmt: skip
    style.name_places(axes, types)
    axes.set_xlim(-0.5, len(types) - 0.5)
