"""The distribution of each split's entities over types."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mnerflow.reporting import style
from mnerflow.reporting.style import COLUMN, FILLS, FULL, SMALL

MOST_WITH_NUMBERS = 12  # types; with more, a bar is narrower than its number


@style.styled
def draw_entity_types(splits: Mapping[str, Mapping[str, int]], title: str, out_stem: str | Path) -> None:
    """Draw each type's share of a split's entities (type → number), with the numbers if types are few."""
    if not any(count for counts in splits.values() for count in counts.values()):
        return style.save(style.note("No entities."), out_stem)
    types = list(next(iter(splits.values())))
    width = 0.8 / len(splits)
    figure = Figure(figsize=(COLUMN if len(types) <= style.DENSE else FULL, 2.1))
    axes = figure.add_subplot(title=title, ylabel="Entities (%)")
    for index, (split, counts) in enumerate(splits.items()):
        color, hatch = FILLS[index % len(FILLS)]
        shares = [100 * counts[kind] / max(1, sum(counts.values())) for kind in types]
        places = np.arange(len(types)) + (index - (len(splits) - 1) / 2) * width
        bars = axes.bar(
            places, shares, width, label=split, color=color, hatch=hatch, edgecolor="black", linewidth=0.4
        )
        if len(types) <= MOST_WITH_NUMBERS:
            numbers = [f"{counts[kind]:,}" for kind in types]
            axes.bar_label(bars, numbers, padding=2, fontsize=SMALL, rotation=90)
    axes.margins(y=0.2)
    style.name_places(axes, types)
    figure.legend(loc="outside lower center", ncols=len(splits))
    style.save(figure, out_stem)
