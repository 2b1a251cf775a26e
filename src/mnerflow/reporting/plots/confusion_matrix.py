"""Which tag is predicted for which."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mnerflow.data.tags import Names, renamed
from mnerflow.evaluation.metrics import confusion_matrix
from mnerflow.evaluation.predictions import read_tested
from mnerflow.plan.names import Run
from mnerflow.reporting import style
from mnerflow.reporting.plots.tags import ordered_tags
from mnerflow.reporting.style import COLUMN, FULL, SMALL

MOST_IN_COLUMN = 9  # tags; more would leave a cell no room for its numbers
MOST_WITH_NUMBERS = 25


@style.styled
def draw_confusion_matrix(predictions: str | Path, names: Names, out_stem: str | Path) -> None:
    """Draw a run's predictions of the test split: of the words with a gold tag, how many per cent got which.

    The small number is the count of words. Where nothing was confused the cell is empty; a tag without
    gold words has an empty row. ``names`` are what entity types are called. Raises ``UserError`` when the
    file is missing or malformed.
    """
    run = Run.from_folder(Path(predictions).parent)
    records = read_tested(predictions)
    tags = ordered_tags(tag for record in records for tag in (*record.labels, *record.predicted))
    title = f"{run.data}: {run.encoders}\n{style.words(run.system)}, seed {run.seed}"
    if tags:
        shown = [renamed(tag, names) for tag in tags]
        figure = _figure(confusion_matrix(records, tags), shown, title)
    else:
        figure = style.note("No predictions.")
    style.save(figure, out_stem)


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Counts divided by their row's sum; a row without gold words stays zero."""
    totals = counts.sum(axis=1, keepdims=True)
    return counts / np.maximum(totals, 1)


def _figure(counts: np.ndarray, tags: Sequence[str], title: str) -> Figure:
    size = COLUMN if len(tags) <= MOST_IN_COLUMN else FULL
    figure = Figure(figsize=(size, size + 0.15))
    axes = figure.add_subplot(title=title, xlabel="Predicted tag", ylabel="Gold tag")
    shares = row_shares(counts)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(tags)), tags, rotation=90)
    axes.set_yticks(range(len(tags)), tags)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if len(tags) > MOST_WITH_NUMBERS:
        figure.colorbar(image, ax=axes, label="Share of the gold tag's words", shrink=0.5, fraction=0.03)
        return figure
    axes.set_xlabel("Predicted tag\n(above: % of the gold tag's words; below: words)")
    for row, column in np.argwhere(counts):
        share = shares[row, column]
        color = "white" if share > 0.55 else "black"
        text = f"{100 * share:.0f}" if share >= 0.005 else "<1"
        axes.text(column, row - 0.15, text, ha="center", va="center", color=color, fontsize=6.5)
        count = f"{counts[row, column]:,}"
        axes.text(column, row + 0.25, count, ha="center", va="center", color=color, fontsize=SMALL)
    return figure
