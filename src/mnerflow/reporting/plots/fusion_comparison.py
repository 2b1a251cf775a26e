"""Test entity F1 of every fusion and seed, with the true, a shuffled and a blank image."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from mnerflow.conditions import CHANGES, IMAGE, TRUE, Condition
from mnerflow.evaluation.scores import read_scores
from mnerflow.log import logger
from mnerflow.plan.names import NONE, Run
from mnerflow.reporting import style
from mnerflow.reporting.plots.panels import (
    Panel,
    first_panels,
    group_by_panel,
    looks_by_data,
    places,
    size_of,
)
from mnerflow.reporting.style import FULL, SMALL, Look

SHUFFLED, BLANK = (Condition(IMAGE, change).name for change in CHANGES)
FILL: dict[str, style.Fill] = {TRUE.name: "full", SHUFFLED: "bottom", BLANK: "none"}  # of the mean's marker
PLACE = {TRUE.name: -0.31, SHUFFLED: 0.0, BLANK: 0.31}  # on a fusion's unit of the x axis
LABEL = {TRUE.name: "true image", SHUFFLED: "shuffled image", BLANK: "blank image"}
Scores = dict[Run, dict[str, float]]  # run -> condition -> test entity F1 in per cent


@style.styled
def draw_fusion_comparison(scores: str | Path, ceilings: Mapping[str, float], out_stem: str | Path) -> None:
    """Draw the test rows of ``scores.csv``, one panel per data set and pair of encoders.

    A marker is a mean over seeds, in per cent; the dots beside it are the seeds. ``ceilings`` gives the best
    entity F1 (0..1) that the text alone allows, for data sets where it is known. Where ``image_only`` is far
    below the rest, an arrow and its mean with the true image are drawn at the lower edge. Raises
    ``UserError`` when the file is missing or malformed.
    """
    runs = {run: conditions for run, conditions in read_test_scores(scores).items() if conditions}
    ceilings = {dataset: 100 * value for dataset, value in ceilings.items()}
    style.save(_figure(runs, ceilings) if runs else style.note("No test scores yet."), out_stem)


def read_test_scores(path: str | Path) -> Scores:
    """Test entity F1 (per cent) of every run and condition of its image in ``scores.csv``.

    A score that is not finite is left out and logged. Raises ``UserError`` as ``read_scores`` does.
    """
    scores: Scores = {}
    for row in read_scores(path):
        if row["split"] != "test" or row["condition"] not in FILL:
            continue
        run = Run.of(row)
        conditions = scores.setdefault(run, {})
        if math.isfinite(row["entity_f1"]):
            conditions[row["condition"]] = 100 * row["entity_f1"]
        else:
            logger.warning("%s: %s, %s: entity F1 is not a number; not drawn", path, run, row["condition"])
    return scores


def _figure(scores: Scores, ceilings: Mapping[str, float]) -> Figure:
    panels, note = first_panels(group_by_panel(scores))
    looks = looks_by_data(panels, style.system_looks(run.system for run in scores))
    longest = max(map(len, looks.values()))
    per_row = max(1, min(4, 24 // longest))  # a fusion needs a quarter of an inch for its three conditions
    placed = places(panels, per_row)
    rows, columns = size_of(placed)
    total = FULL if columns > 1 or longest > 8 else style.COLUMN
    figure = Figure(figsize=(total, 1.75 * rows + 0.7))
    grid = figure.add_gridspec(rows, columns)
    panel_at = {(place.row, place.column): place.panel for place in placed}
    for panel, row, column, starts in placed:
        shown_looks = looks[panel.data]
        limits = _limits(scores, panel, ceilings)
        axes = figure.add_subplot(grid[row, column], xlim=(-0.6, len(shown_looks) - 0.4), ylim=limits)
        axes.set_title(panel.title(total / columns - 0.4))
        for x, (fusion, look) in enumerate(shown_looks.items()):
            seeds = [scores[run] for run in panels[panel] if run.system == fusion]
            _draw_system(axes, x, seeds, look)
        below, right = panel_at.get((row + 1, column)), panel_at.get((row, column + 1))
        _label_fusions(axes, shown_looks, labelled=below is None or below.data != panel.data)
        axes.tick_params(labelleft=starts or panel.text_encoder == NONE)
        if column == 0:
            axes.set_ylabel("Test entity F1 (%)")
        if panel.dataset in ceilings and panel.text_encoder != NONE:
            ends = right is None or right.dataset != panel.dataset
            _draw_ceiling(axes, ceilings[panel.dataset], labelled=ends)
    handles = _legend(condition for run in scores.values() for condition in run)
    style.legend_below(figure, handles, note)
    return figure


def _limits(scores: Scores, panel: Panel, ceilings: Mapping[str, float]) -> tuple[float, float]:
    """The limits of a panel's y axis, the same for all panels of a data set.

    They include all scores except those of models without text that are far below the rest. A panel of only
    such models has its own limits.
    """
    dataset = panel.dataset
    shown = {run: list(values.values()) for run, values in scores.items() if run.dataset == dataset}
    if panel.text_encoder == NONE:
        shown, ceilings = {run: values for run, values in shown.items() if Panel.of(run) == panel}, {}
    image_only = [value for run, values in shown.items() if run.text_encoder == NONE for value in values]
    drawn = [value for run, values in shown.items() if run.text_encoder != NONE for value in values]
    drawn = drawn or image_only
    if dataset in ceilings:
        drawn.append(ceilings[dataset])
    if not drawn:
        return 0, 100
    low, high = min(drawn), max(drawn)
    margin = max(1.0, 0.08 * (high - low))
    room_for_numbers = 0.25 * (high - low + 2 * margin) if min(image_only, default=low) < low - margin else 0
    return low - margin - room_for_numbers, high + margin


def _draw_system(axes: Axes, x: int, seeds: list[dict[str, float]], look: Look) -> None:
    offset = axes.transData + ScaledTranslation(3.3 / 72, 0, axes.figure.dpi_scale_trans)
    low = axes.get_ylim()[0]
    wrong = any(seed.keys() - {TRUE.name} for seed in seeds)
    for condition, fill in FILL.items():
        values = [seed[condition] for seed in seeds if condition in seed]
        if not values:
            continue
        place, mean = x + (PLACE[condition] if wrong else 0), float(np.mean(values))
        if mean < low:
            if condition == TRUE.name:  # three numbers would not fit side by side
                axes.text(x, low, f" ← {mean:.1f}", rotation=90, ha="center", va="bottom", fontsize=SMALL)
            continue
        axes.plot(
            [place] * len(values),
            sorted(values),
            marker="o",
            markersize=1.9,
            markeredgewidth=0,
            linewidth=0.5,
            color=look.color,
            transform=offset,
        )
        axes.plot(
            place,
            mean,
            marker=look.marker,
            markersize=4,
            markeredgewidth=0.7,
            color=look.color,
            fillstyle=fill,
            markerfacecoloralt="white",
        )


def _label_fusions(axes: Axes, looks: Iterable[str], labelled: bool) -> None:
    names = [style.words(fusion) for fusion in looks]
    axes.set_xticks(range(len(names)), names if labelled else [])
    upright = (
        {"rotation": 90} if len(names) > 12 else {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    )
    for label in axes.get_xticklabels():
        label.set(**upright)


def _draw_ceiling(axes: Axes, ceiling: float, labelled: bool) -> None:
    axes.axhline(ceiling, color="black", linewidth=0.8, linestyle=(0, (5, 3)), zorder=1.5)
    if labelled:
        axes.annotate(
            f"text-only\nceiling\n{ceiling:.1f}",
            xy=(1, ceiling),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
        )


def _legend(conditions: Iterable[str]) -> list[Line2D]:
    def mark(marker: str, label: str, **options: Any) -> Line2D:
        return Line2D([], [], color=style.MUTED, linestyle="", marker=marker, label=label, **options)

    used = set(conditions)
    handles = [mark("o", "mean over seeds", markersize=4)]
    if used & {SHUFFLED, BLANK}:
        handles = [
            mark("o", f"mean, {label}", fillstyle=FILL[name], markerfacecoloralt="white", markersize=4)
            for name, label in LABEL.items()
            if name in used
        ]
    seeds = Line2D(
        [0], [0], color=style.MUTED, linewidth=0.5, marker="o", markersize=1.9, label="single seeds"
    )
    return [*handles, seeds]
