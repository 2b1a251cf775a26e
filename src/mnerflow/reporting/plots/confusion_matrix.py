"""Which tags are predicted for which gold tags."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mnerflow.data.tags import OUTSIDE, Names, entity_type, renamed
from mnerflow.evaluation.metrics import Sequences
from mnerflow.evaluation.predictions import read_tested
from mnerflow.plan.names import Run
from mnerflow.reporting import style
from mnerflow.reporting.plots.tags import ordered_tags
from mnerflow.reporting.style import COLUMN, FULL, SMALL

MOST_IN_COLUMN = 9  # tags; with more, a cell has no room for its numbers
MOST_WITH_NUMBERS = 25
MOST_TAGS = 60  # with more, types are drawn instead of tags


@style.styled
def draw_confusion_matrix(predictions: str | Path, names: Names, out_stem: str | Path) -> None:
    """Draw a run's predictions of the test split: the percentage of each gold tag's words by predicted tag.

    The small number is the count of words. With many tags, their types are drawn instead. A cell without
    words is empty, and so is the row of a tag without gold words. ``names`` are the displayed names of entity
    types. Raises ``UserError`` when the file is missing or malformed.
    """
    run = Run.from_folder(Path(predictions).parent)
    records = read_tested(predictions)
    tags = ordered_tags(tag for record in records for tag in (*record.labels, *record.predicted))
    title = f"{run.data}: {run.encoders}\n{style.words(run.system)}, seed {run.seed}"
    if tags:
        counts = Sequences(records, tags).confusion()
        if len(tags) > MOST_TAGS:
            counts, kinds = by_type(counts, tags)
            figure = _figure(counts, [names.get(kind, kind) for kind in kinds], title, "type")
        else:
            figure = _figure(counts, [renamed(tag, names) for tag in tags], title, "tag")
    else:
        figure = style.note("No predictions.")
    style.save(figure, out_stem)


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Counts divided by their row's sum; a row without gold words stays zero."""
    totals = counts.sum(axis=1, keepdims=True)
    return counts / np.maximum(totals, 1)


def by_type(counts: np.ndarray, tags: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Sum counts of tags, ``(tags, tags)``, to counts of their types, with ``O`` as a type of its own."""
    types = [entity_type(tag) or OUTSIDE for tag in tags]
    kinds = list(dict.fromkeys(types))
    member = np.array([[kind == one for one in types] for kind in kinds], dtype=counts.dtype)
    return member @ counts @ member.T, kinds


def _figure(counts: np.ndarray, tags: Sequence[str], title: str, what: str) -> Figure:
    size = COLUMN if len(tags) <= MOST_IN_COLUMN else FULL
    figure = Figure(figsize=(size, size + 0.15))
    axes = figure.add_subplot(title=title, xlabel=f"Predicted {what}", ylabel=f"Gold {what}")
    shares = row_shares(counts)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    small = 4.5 if len(tags) > style.MANY else None
    axes.set_xticks(range(len(tags)), tags, rotation=90, fontsize=small)
    axes.set_yticks(range(len(tags)), tags, fontsize=small)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if len(tags) > MOST_WITH_NUMBERS:
        figure.colorbar(image, ax=axes, label=f"Share of the gold {what}'s words", shrink=0.5, fraction=0.03)
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
