"""How often each tag stands in each split."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mnerflow.data.post import read_posts
from mnerflow.data.tags import Names, renamed
from mnerflow.reporting import style
from mnerflow.reporting.plots.tags import ordered_tags
from mnerflow.reporting.style import COLUMN, FILLS, SMALL


@style.styled
def draw_tag_distribution(
    splits: Mapping[str, str | Path], title: str, names: Names, out_stem: str | Path
) -> None:
    """Draw the number of tokens a tag in the prepared posts of each split (name → ``<split>.jsonl``).

    Tokens that a filter hides from the model are not counted. The axis is logarithmic; the number
    itself stands at the bar's end. ``names`` are what entity types are called. Raises ``UserError`` when a
    file is missing or malformed.
    """
    counts = {split: count_tags(path) for split, path in splits.items()}
    style.save(_figure(counts, title, names), out_stem)


def count_tags(path: str | Path) -> Counter[str]:
    """Tokens a tag over the tokens that the model sees."""
    return Counter(post.labels[index] for post in read_posts(path) for index in post.kept)


def _figure(counts: Mapping[str, Counter[str]], title: str, names: Names) -> Figure:
    tags = ordered_tags(tag for counter in counts.values() for tag in counter)
    if not tags:
        return style.note("No posts.")
    height = 0.8 / len(counts)
    figure = Figure(figsize=(COLUMN, 0.7 + 0.115 * len(tags) * (len(counts) + 0.6)))
    axes = figure.add_subplot(title=title, xscale="log", xlabel="Tokens (log scale)")
    for index, (split, counter) in enumerate(counts.items()):
        color, hatch = FILLS[index % len(FILLS)]
        values = [counter[tag] for tag in tags]
        places = np.arange(len(tags)) + (index - (len(counts) - 1) / 2) * height
        bars = axes.barh(
            places, values, height, label=split, color=color, hatch=hatch, edgecolor="black", linewidth=0.4
        )
        axes.bar_label(bars, [f"{value:,}" for value in values], padding=2, fontsize=SMALL)
    # A log axis has no zero: it starts below 1, so that a tag seen once still has a bar.
    axes.set_xlim(0.7, 4 * max(max(counter.values(), default=1) for counter in counts.values()))
    axes.set_ylim(len(tags) - 0.5, -0.5)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()
    axes.set_yticks(range(len(tags)), [renamed(tag, names) for tag in tags])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=len(counts))
    return figure
