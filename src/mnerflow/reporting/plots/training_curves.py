"""Dev entity F1 and loss over the epochs of every run."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mnerflow.errors import UserError
from mnerflow.files.reading import read_text
from mnerflow.plan.names import Run
from mnerflow.reporting import style
from mnerflow.reporting.plots.panels import Panel, first_panels, group_by_panel, places, size_of
from mnerflow.reporting.style import FULL, SMALL, Look

COLUMNS = ("epoch", "train_loss", "dev_loss", "dev_entity_f1")
PANELS_A_ROW = 4
Curves = dict[str, np.ndarray]


@style.styled
def draw_training_curves(histories: Sequence[str | Path], out_stem: str | Path) -> None:
    """Draw the ``history.csv`` of any number of runs, one panel per data set and pair of encoders.

    The upper axes show dev entity F1 in per cent. The lower axes show dev loss and, dotted, training loss of
    the fusion's own decoder; losses of a CRF and a softmax are not comparable. A thick line is the mean over
    seeds, up to the last epoch that all of them reached; a thin line is one seed. Where ``image_only`` stays
    below all scores of the other fusions, its best F1 is written instead of drawn. Raises ``UserError`` when
    a file is missing, malformed or not in a run's folder.
    """
    read = {Run.from_folder(Path(path).parent): read_history(path) for path in histories}
    runs = {run: curves for run, curves in read.items() if _drawable(curves)}
    style.save(_figure(runs) if runs else style.note("No run has a history yet."), out_stem)


def _drawable(curves: Curves) -> bool:
    return any(np.isfinite(curves[name]).any() for name in COLUMNS[1:])


def read_history(path: str | Path) -> Curves:
    """Columns of a ``history.csv`` as float arrays of shape ``(epochs,)``; F1 in per cent.

    An empty cell is NaN. Raises ``UserError`` when a column is missing or a value is not a number.
    """
    reader = csv.DictReader(io.StringIO(read_text(path)))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(f"{path}: column {missing[0]!r} is missing. Delete the run's folder and train again.")
    rows = []
    for row in reader:
        try:
            rows.append([float(row[name] or "nan") for name in COLUMNS])
        except ValueError as error:
            raise UserError(f"{path}:{reader.line_num}: {error}. Train the run again.") from error
    values = np.array(rows, dtype=float).reshape(-1, len(COLUMNS))
    values[~np.isfinite(values)] = math.nan
    curves = dict(zip(COLUMNS, values.T, strict=True))
    curves["dev_entity_f1"] = 100 * curves["dev_entity_f1"]
    return curves


def mean_over_seeds(seeds: Sequence[np.ndarray]) -> np.ndarray:
    """The mean curve, as long as the shortest seed's; beyond it, the mean would jump when a seed stops."""
    shortest = min(map(len, seeds))
    return np.mean([curve[:shortest] for curve in seeds], axis=0)


def _figure(runs: dict[Run, Curves]) -> Figure:
    panels, note = first_panels(group_by_panel(runs))
    looks = style.system_looks(run.system for run in runs)
    placed = places(panels, PANELS_A_ROW)
    rows, columns = size_of(placed)
    width = FULL / columns if columns > 1 else style.COLUMN
    figure = Figure(figsize=(width * columns, 2.5 * rows))
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[1.3, 1] * rows)
    first: dict[str, tuple[Axes, Axes]] = {}  # by data set; its other panels share these scales
    for panel, row, column, starts in placed:
        same_scores, same_losses = first.get(panel.dataset, (None, None))
        score_axes = figure.add_subplot(grid[2 * row, column], sharey=same_scores)
        loss_axes = figure.add_subplot(grid[2 * row + 1, column], sharex=score_axes, sharey=same_losses)
        first.setdefault(panel.dataset, (score_axes, loss_axes))
        score_axes.set_title(panel.title(width - 0.4))
        seeds_of: dict[str, list[Curves]] = {fusion: [] for fusion in looks}
        for run in panels[panel]:
            seeds_of[run.system].append(runs[run])
        _draw_scores(score_axes, seeds_of, looks)
        _draw_losses(loss_axes, seeds_of, looks)
        score_axes.tick_params(labelbottom=False, labelleft=starts)
        loss_axes.tick_params(labelleft=starts)
        loss_axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        loss_axes.set_xlabel("Epoch")
        if column == 0:
            score_axes.set_ylabel("Dev entity F1 (%)")
            loss_axes.set_ylabel("Loss")
    handles = style.line_handles(looks)
    if len(runs) > len({(Panel.of(run), run.system) for run in runs}):
        handles.append(Line2D([], [], color=style.MUTED, linewidth=0.5, label="one seed (dev)"))
    handles.append(Line2D([], [], color=style.MUTED, linewidth=0.9, linestyle=":", label="training loss"))
    style.legend_below(figure, handles, note)
    return figure


def _draw_scores(axes: Axes, seeds_of: dict[str, list[Curves]], looks: dict[str, Look]) -> None:
    def scores(fusions: Iterable[str]) -> list[float]:
        values = [value for fusion in fusions for seed in seeds_of[fusion] for value in seed["dev_entity_f1"]]
        return [value for value in values if math.isfinite(value)]

    best, others = scores({"image_only"} & set(looks)), scores(set(looks) - {"image_only"})
    off_scale = bool(best and others) and max(best) < min(others)
    if off_scale:  # drawn to scale, it would squeeze the other curves together
        axes.text(
            0.98,
            0.04,
            f"image only: at most {max(best):.1f}",
            transform=axes.transAxes,
            ha="right",
            fontsize=SMALL,
            color=style.MUTED,
        )
    for fusion, look in looks.items():
        if not (off_scale and fusion == "image_only"):
            _draw_curves(axes, seeds_of[fusion], "dev_entity_f1", look)


def _draw_losses(axes: Axes, seeds_of: dict[str, list[Curves]], looks: dict[str, Look]) -> None:
    for fusion, look in looks.items():
        _draw_curves(axes, seeds_of[fusion], "dev_loss", look)
        if seeds := seeds_of[fusion]:
            mean = mean_over_seeds([seed["train_loss"] for seed in seeds])
            epochs = seeds[0]["epoch"][: len(mean)]
            marker = "." if len(mean) == 1 else ""  # one point makes no line
            axes.plot(epochs, mean, ":", marker=marker, color=look.color, linewidth=0.9)


def _draw_curves(axes: Axes, seeds: Sequence[Curves], column: str, look: Look) -> None:
    if not seeds:
        return
    if len(seeds) > 1:
        for seed in seeds:
            axes.plot(seed["epoch"], seed[column], color=look.color, linewidth=0.5, alpha=0.5)
    mean = mean_over_seeds([seed[column] for seed in seeds])
    epochs = seeds[0]["epoch"][: len(mean)]
    every = max(1, math.ceil(len(mean) / 6))
    axes.plot(epochs, mean, color=look.color, linestyle=look.line, marker=look.marker, markevery=every)
