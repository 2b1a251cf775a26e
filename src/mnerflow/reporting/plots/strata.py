"""What each run gains over its baseline within strata of the test split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnerflow.plan.names import Combination
from mnerflow.reporting import strata, style
from mnerflow.reporting.columns import Row
from mnerflow.reporting.plots.intervals import Mark, mark
from mnerflow.reporting.plots.panels import Panel, first_panels, sources_told
from mnerflow.reporting.style import COLUMN, Look

LINE = 0.085  # inches per mark
GAP = 0.07  # inches between strata

Strata = dict[str, dict[str, Mark]]  # by stratum and fusion


@style.styled
def draw_strata(table: str | Path, out_stem: str | Path) -> None:
    """Draw the differences of ``strata.csv`` with their 95 % intervals, for runs with two seeds or more.

    There is one panel per data set and pair of encoders; strata that are too small are left out. Where a
    model is compared on several sources, the strata of each source are apart. Raises ``UserError`` when the
    file is missing or lacks a column.
    """
    rows = [row for row in strata.TABLE.read(table) if row["seeds"] > 1 and row["difference"] is not None]
    nothing = "No run with two seeds or more has a stratum that is large enough."
    style.save(_figure(rows) if rows else style.note(nothing), out_stem)


def _figure(rows: Sequence[Row]) -> Figure:
    of_combination: dict[Combination, list[Row]] = {}
    for row in rows:
        of_combination.setdefault(Combination.of(row), []).append(row)
    panels: dict[Panel, list[Combination]] = {}
    for combination in of_combination:
        panels.setdefault(Panel.of(combination), []).append(combination)
    panels, note = first_panels(panels)
    marks = {
        panel: _marks([row for each in members for row in of_combination[each]])
        for panel, members in panels.items()
    }
    looks = style.system_looks(combination.system for members in panels.values() for combination in members)
    heights = [sum(LINE * len(fusions) + GAP for fusions in found.values()) for found in marks.values()]
    figure = Figure(figsize=(COLUMN, sum(heights) + 0.45 * len(heights) + 0.2))
    grid = figure.add_gridspec(len(panels), 1, height_ratios=heights)
    for place, (panel, found) in enumerate(marks.items()):
        axes = figure.add_subplot(grid[place], title=panel.title(COLUMN))
        _draw(axes, found, looks)
    axes.set_xlabel("With − without the source, test entity F1 (points)", loc="right")
    style.widen_for_labels(figure)
    style.legend_below(figure, style.system_handles(looks), note)
    return figure


def _marks(rows: Sequence[Row]) -> Strata:
    found: Strata = {}
    for row, source in zip(rows, sources_told(rows), strict=True):
        label = f"{source}{row['kind']}: {row['stratum']} ({row['gold']:,})"
        fill: style.Fill = "full" if row["sure"] else "none"
        found.setdefault(label, {})[Combination.of(row).system] = mark(
            row, ("difference", "low", "high"), fill
        )
    return found


def _draw(axes: Axes, found: Strata, looks: Mapping[str, Look]) -> None:
    y, labels = 0.0, {}
    for label, fusions in found.items():
        labels[y + LINE * (len(fusions) - 1) / 2] = label
        for fusion in (each for each in looks if each in fusions):
            one, look = fusions[fusion], looks[fusion]
            axes.plot(one.ends, [y] * len(one.ends), color=look.color, linewidth=0.8)
            axes.plot(
                one.value, y, marker=look.marker, markersize=3.6, markeredgewidth=0.7, color=look.color,
                fillstyle=one.fill, markerfacecoloralt="white", zorder=3,
            )  # fmt: skip
            y += LINE
        y += GAP
    axes.set_ylim(y - GAP, -LINE)
    axes.set_yticks(list(labels), list(labels.values()))
    style.around_zero(axes)
