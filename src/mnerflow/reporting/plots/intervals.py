"""Values with intervals around a line at zero, for the forest plot and the ablations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mnerflow.plan.names import Combination
from mnerflow.reporting import style
from mnerflow.reporting.style import COLUMN, SMALL

ROW = 0.155  # inches
MOST_ROWS = 120  # no reader compares more


@dataclass(frozen=True, slots=True)
class Mark:
    """A value and the ends of its interval, if any, in points; ``fill`` is the fill style of the marker."""

    value: float
    ends: Sequence[float]
    fill: style.Fill


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """A combination's marks, one below the other, and a word at the right edge."""

    combination: Combination
    marks: Sequence[Mark]
    word: str


def mark(record: Mapping[str, Any], names: Iterable[str], fill: style.Fill) -> Mark:
    """The mark from a table's columns: the value, and the ends of its interval, which may be empty."""
    value, *ends = (record[name] for name in names)
    return Mark(100 * value, [100 * end for end in ends if end is not None], fill)


def interval_figure(rows: Sequence[IntervalRow], label: str, handles: Sequence[Line2D]) -> Figure:
    """One axes per data set with its own scale, a heading per pair of encoders, a line per fusion.

    With more than ``MOST_ROWS`` rows, those with the largest values are drawn, and a note says so.
    """
    note = ""
    if len(rows) > MOST_ROWS:
        note = f"The {MOST_ROWS} largest of {len(rows)} values; all are in does_it_help.csv."
        largest = sorted(range(len(rows)), key=lambda index: -abs(rows[index].marks[0].value))[:MOST_ROWS]
        rows = [rows[index] for index in sorted(largest)]
    panels = [list(group) for _, group in groupby(rows, key=lambda row: row.combination.data)]
    heights = [_height(panel) for panel in panels]
    figure = Figure(figsize=(COLUMN, ROW * sum(heights) + 0.42 * len(panels) + 0.2))
    grid = figure.add_gridspec(len(panels), 1, height_ratios=heights)
    looks = style.system_looks(row.combination.system for row in rows)
    for place, (panel, height) in enumerate(zip(panels, heights, strict=True)):
        axes = figure.add_subplot(grid[place], title=panel[0].combination.data, ylim=(height - 0.4, -0.6))
        style.around_zero(axes)
        _draw(axes, panel, looks)
    axes.set_xlabel(label)
    style.widen_for_labels(figure)
    style.legend_below(figure, handles, note)
    return figure


def handle(label: str, fill: style.Fill) -> Line2D:
    """The legend entry for marks with this fill style."""
    return Line2D(
        [], [], color=style.MUTED, marker="o", markersize=4, fillstyle=fill, markerfacecoloralt="white",
        linewidth=0.8, label=label,
    )  # fmt: skip


def _draw(axes: Axes, rows: Sequence[IntervalRow], looks: Mapping[str, style.Look]) -> None:
    y, labels = 0.0, {}
    for pair, members in groupby(rows, key=lambda row: row.combination.encoders):
        labels[y] = pair
        y += 1
        for row in members:
            labels[y + (len(row.marks) - 1) / 2 * 0.7] = style.words(row.combination.system)
            axes.annotate(
                row.word,
                xy=(1, y + (len(row.marks) - 1) / 2 * 0.7),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL,
            )
            look = looks[row.combination.system]
            for each in row.marks:
                axes.plot(each.ends, [y] * len(each.ends), color=look.color, linewidth=0.8)
                axes.plot(
                    each.value, y, marker=look.marker, markersize=4, markeredgewidth=0.7, color=look.color,
                    fillstyle=each.fill, markerfacecoloralt="white", zorder=3,
                )  # fmt: skip
                y += 0.7
            y += 0.3
    axes.set_yticks(list(labels), list(labels.values()))
    headings = {row.combination.encoders for row in rows}
    for text in axes.get_yticklabels():
        if text.get_text() in headings:
            text.set_fontweight("bold")


def _height(rows: Sequence[IntervalRow]) -> float:
    headings = len(list(groupby(rows, key=lambda row: row.combination.encoders)))
    return headings + sum(0.7 * len(row.marks) + 0.3 for row in rows)
