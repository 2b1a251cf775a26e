"""The lengths of the posts of each split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mnerflow.data.post import Post
from mnerflow.reporting import style
from mnerflow.reporting.style import COLUMN

LINES = (("#1F4E79", "-"), ("#DD7722", (0, (4, 1.2))), ("#229F6E", (0, (1.5, 1))))
MOST = 40  # bins at most


@style.styled
def draw_lengths(splits: Mapping[str, Sequence[Post]], title: str, out_stem: str | Path) -> None:
    """Draw the share of posts by number of tokens, a line per split; the last bin has all longer posts."""
    counts = {split: np.array([len(post.tokens) for post in posts]) for split, posts in splits.items()}
    together = np.concatenate(list(counts.values()))
    shortest, longest = int(together.min()), int(np.quantile(together, 0.99)) + 1
    step = -(-(longest - shortest) // MOST)
    edges = np.arange(shortest, longest + 2 * step, step)
    figure = Figure(figsize=(COLUMN, 2.1))
    cut = f" (at the end: {edges[-2]:,} and more)" if together.max() >= edges[-1] else ""
    axes = figure.add_subplot(title=title, xlabel=f"Tokens per post{cut}", ylabel="Posts (%)")
    for (split, lengths), (color, line) in zip(counts.items(), LINES, strict=False):
        shares, _ = np.histogram(np.minimum(lengths, edges[-1] - 1), edges)
        axes.stairs(100 * shares / len(lengths), edges, label=split, color=color, linestyle=line, linewidth=1)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.legend()
    style.save(figure, out_stem)
