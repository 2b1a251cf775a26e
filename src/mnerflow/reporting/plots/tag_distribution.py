"""How often each tag occurs in each split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnerflow.data.post import read_posts
from mnerflow.data.tags import OUTSIDE, Names, entity_type, renamed
from mnerflow.reporting import style
from mnerflow.reporting.plots.tags import ordered_tags
from mnerflow.reporting.style import COLUMN, FILLS, SMALL


@style.styled
def draw_tag_distribution(
    splits: Mapping[str, str | Path], title: str, names: Names, out_stem: str | Path
) -> None:
    """Draw the number of tokens per tag in the prepared posts of each split (name → ``<split>.jsonl``).

    Tokens that a filter hides from the model are not counted. The axis is logarithmic, with the number at the
    end of the bar. With more than ``style.MANY`` tags, entity types are drawn instead, as markers. ``names``
    are the displayed names of entity types. Raises ``UserError`` when a file is missing or malformed.
    """
    counts = {split: count_tags(path) for split, path in splits.items()}
    style.save(_figure(counts, title, names), out_stem)


def count_tags(path: str | Path) -> Counter[str]:
    """The number of tokens per tag, among the tokens that the model sees."""
    return Counter(post.labels[index] for post in read_posts(path) for index in post.kept)


def _figure(counts: Mapping[str, Counter[str]], title: str, names: Names) -> Figure:
    tags = ordered_tags(tag for counter in counts.values() for tag in counter)
    if not tags:
        return style.note("No posts.")
    if len(tags) > style.MANY:
        return _marks(counts, tags, title, names)
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
    # A log axis has no zero. It starts below 1 so that a tag seen once still has a bar.
    axes.set_xlim(0.7, 4 * max(max(counter.values(), default=1) for counter in counts.values()))
    axes.grid(visible=False, axis="y")
    _name(axes, [renamed(tag, names) for tag in tags])
    figure.legend(loc="outside lower center", ncols=len(counts))
    return figure


def _marks(counts: Mapping[str, Counter[str]], tags: Sequence[str], title: str, names: Names) -> Figure:
    kinds = list(dict.fromkeys(entity_type(tag) or OUTSIDE for tag in tags))
    figure = Figure(figsize=(COLUMN, 0.8 + 0.1 * len(kinds)))
    axes = figure.add_subplot(title=title, xscale="log", xlabel="Tokens (log scale)")
    for (split, counter), (color, _), marker in zip(counts.items(), FILLS, "o^s", strict=False):
        numbers: Counter[str] = Counter()
        for tag, number in counter.items():
            numbers[entity_type(tag) or OUTSIDE] += number
        places = [place for place, kind in enumerate(kinds) if numbers[kind]]
        axes.plot(
            [numbers[kinds[place]] for place in places], places, marker, label=split, color=color,
            markeredgecolor="black", markeredgewidth=0.4,
        )  # fmt: skip
    axes.grid(visible=True, axis="y")
    _name(axes, [names.get(kind, kind) for kind in kinds], small=True)
    figure.legend(loc="outside lower center", ncols=len(counts))
    return figure


def _name(axes: Axes, names: Sequence[str], *, small: bool = False) -> None:
    """Write names beside the places 0, 1, … from the top, and numbers below the axis."""
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), names, fontsize=5 if small else None)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x")
