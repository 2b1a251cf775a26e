"""What a source is worth on average over all models that read it."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnerflow.errors import quantity
from mnerflow.plan.names import data_label
from mnerflow.reporting import pooled, style
from mnerflow.reporting.columns import Row
from mnerflow.reporting.render import interval, points, source_words

ROW = 0.2  # inches


@style.styled
def draw_pooled(table: str | Path, controls: Collection[str], out_stem: str | Path) -> None:
    """Draw the mean differences of ``pooled.csv`` with 95 % intervals, filled where these exclude 0.

    Real data are at the top. ``controls``, the synthetic data sets, have a scale of their own. Raises
    ``UserError`` when the file is missing or lacks a column.
    """
    rows = pooled.TABLE.read(table)
    parts = {
        "Real data": [row for row in rows if row["dataset"] not in controls],
        "Controls: synthetic data with a known answer": [row for row in rows if row["dataset"] in controls],
    }
    parts = {title: members for title, members in parts.items() if members}
    nothing = "No run was compared with its baseline."
    style.save(_figure(parts) if parts else style.note(nothing), out_stem)


def _figure(parts: Mapping[str, Sequence[Row]]) -> Figure:
    heights = [len(rows) for rows in parts.values()]
    figure = Figure(figsize=(style.FULL, ROW * sum(heights) + 0.45 * len(parts) + 0.2))
    grid = figure.add_gridspec(len(parts), 1, height_ratios=heights)
    for place, (title, rows) in enumerate(parts.items()):
        axes = figure.add_subplot(grid[place], title=title, ylim=(len(rows) - 0.4, -0.6))
        _draw(axes, rows)
    axes.set_xlabel("With − without the source, test entity F1 (points), mean over models")
    return figure


def _draw(axes: Axes, rows: Sequence[Row]) -> None:
    for y, row in enumerate(rows):
        ends = [100 * end for end in (row["low"], row["high"]) if end is not None]
        sure = len(ends) == 2 and not ends[0] <= 0 <= ends[1]
        axes.plot(ends, [y] * len(ends), color="black", linewidth=1)
        axes.plot(
            100 * row["difference"], y, marker="o", markersize=4.5, markeredgewidth=0.8, color="black",
            fillstyle="full" if sure else "none", zorder=3,
        )  # fmt: skip
        without = "one seed" if row["one_seed"] == row["models"] else "no interval"
        said = f"({interval(row['low'], row['high']) if ends else without})"
        models = quantity(row["models"], "model")
        axes.annotate(
            f"{points(row['difference'])} {said}, {models}", (1.02, y),
            xycoords=("axes fraction", "data"), va="center", fontsize=style.SMALL,
        )  # fmt: skip
    sources = (source_words(row["source"]) for row in rows)
    labels = [data_label(row["dataset"], row["filter"]) for row in rows]
    axes.set_yticks(range(len(rows)), [": ".join(pair) for pair in zip(labels, sources, strict=True)])
    style.around_zero(axes)
