"""The look of every figure: sizes for print, one look per fusion, and files that are byte-identical."""

import math
import re
import textwrap
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mnerflow.files.writing import atomic_path
from mnerflow.log import logger

Fill = Literal["full", "left", "right", "bottom", "top", "none"]  # fill style of a marker
COLUMN = 3.4  # inches: one column of a two-column page
FULL = 7.0  # inches: both columns
SMALL = 6  # points: the smallest text, for numbers inside the plot
MANY = 30  # names on an axis; with more there is no room for a number beside each
DENSE = 8  # names side by side; more than this are written vertically
MUTED = "#666666"
# (fill, hatch) of the first, second and third split
FILLS = (("#1F4E79", ""), ("#9CC3E0", "////"), ("#F2F2F2", ""))
PNG_DPI = 200
MISSING = re.compile(r"Glyph (\d+) .* missing from font")

EAST_ASIAN = re.compile(r"(Noto|SourceHan)Sans(CJK|SC|TC|JP|KR|HK)[\w-]*\.(ttc|otf|ttf)")


def _east_asian() -> list[str]:
    """Fonts of this machine with Chinese, Japanese or Korean; matplotlib's own list may be older."""
    files = (Path(file) for file in font_manager.findSystemFonts())
    for file in sorted(file for file in files if EAST_ASIAN.fullmatch(file.name)):
        font_manager.fontManager.addfont(file)
    found = (
        re.fullmatch("(Noto|Source Han) Sans (CJK )?(SC|TC|JP|KR|HK)", name)
        for name in font_manager.get_font_names()
    )
    return sorted(name[0] for name in found if name)


styled = matplotlib.style.context(
    {
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.labelsize": 7,
        "axes.linewidth": 0.6,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 7,
        "axes.titlepad": 4,
        "figure.constrained_layout.use": True,
        # The first font ships with matplotlib, so all machines draw alike; the others fill in what it lacks.
        "font.family": ["DejaVu Sans", *_east_asian()],
        "font.size": 7,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.5,
        "hatch.linewidth": 0.5,
        "legend.fontsize": 6.5,
        "legend.frameon": False,
        "legend.handlelength": 2.6,
        "lines.linewidth": 1.2,
        "lines.markersize": 3.2,
        "svg.fonttype": "path",
        "svg.hashsalt": "mnerflow",  # element ids are random without it
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
        "xtick.labelsize": 6.5,
        "xtick.major.size": 2.5,
        "xtick.major.width": 0.6,
        "ytick.labelsize": 6.5,
        "ytick.major.size": 2.5,
        "ytick.major.width": 0.6,
    },
    after_reset=True,  # a user's matplotlibrc does not reach a figure
)
"""Decorator of every function that draws: the style applies while it draws and saves."""


@dataclass(frozen=True)
class Look:
    """Colour, marker and line style of one fusion; each of them alone distinguishes it."""

    color: str
    marker: str
    line: Literal["-"] | tuple[float, tuple[float, ...]]


FUSIONS = {  # in legend order; grey levels are at least 0.06 apart, so a copy in grey is still readable
    "text_only": Look("#000000", "o", "-"),
    "image_only": Look("#A3A3A3", "v", (0, (1, 1))),
    "text_only+caption": Look("#DD7722", "p", (0, (5, 1, 1, 1))),
    "linear": Look("#0075BC", "s", (0, (4, 1.2))),
    "cross_attention": Look("#A01850", "D", (0, (6, 1.2, 1.5, 1.2))),
    "partial_prediction": Look("#229F6E", "^", (0, (2, 1))),
    "gated": Look("#8CC8EC", ">", (0, (8, 1.5))),
    "prefix": Look("#332288", "h", (0, (3, 1, 1, 1, 1, 1))),
}
_SPARE_COLORS = ("#7A4B1E", "#CC6699", "#556B2F", "#5A7FA8", "#B8A000")
_SPARE_MARKERS = ("<", "*", "X", "P", "d", "8", "H")  # the last three look like others when small


def system_looks(systems: Iterable[str]) -> dict[str, Look]:
    """The look of each system, in legend order; those that are not in ``FUSIONS`` come last, by name.

    The spare looks are 35 different pairs of colour and marker; after that they repeat.
    """
    names = set(systems)
    looks = {name: look for name, look in FUSIONS.items() if name in names}
    for index, name in enumerate(sorted(names - set(FUSIONS))):
        color = _SPARE_COLORS[index % len(_SPARE_COLORS)]
        looks[name] = Look(color, _SPARE_MARKERS[index % len(_SPARE_MARKERS)], "-")
    return looks


def words(name: str) -> str:
    """A name for a reader: ``"cross_attention+crf"`` → ``"cross attention crf"``."""
    return name.replace("_", " ").replace("+", " ")


def system_handles(looks: Mapping[str, Look]) -> list[Line2D]:
    """Legend entries for systems that are drawn as markers."""
    return [
        Line2D([], [], color=look.color, marker=look.marker, linestyle="", markersize=4, label=words(system))
        for system, look in looks.items()
    ]


def line_handles(looks: Mapping[str, Look]) -> list[Line2D]:
    """Legend entries for systems that are drawn as lines with markers."""
    return [
        Line2D([], [], color=look.color, marker=look.marker, linestyle=look.line, label=words(system))
        for system, look in looks.items()
    ]


def legend_below(figure: Figure, handles: Sequence[Line2D], note: str = "") -> None:
    """Add a legend under the axes, in as many columns as fit, and make the figure taller by its height.

    ``note`` is written above the legend, wrapped.
    """
    title = textwrap.fill(note, int(figure.get_figwidth() * 72 / 3.6))
    longest = max(len(str(handle.get_label())) for handle in handles)
    fit = int(figure.get_figwidth() * 72 / (4 * longest + 36))  # points: 4 a character, 36 for the line
    columns = max(1, min(fit, len(handles)))
    figure.set_figheight(
        figure.get_figheight() + 0.1 + 0.145 * (math.ceil(len(handles) / columns) + len(title.splitlines()))
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, title=title, title_fontsize=6.5)


def widen_for_labels(figure: Figure) -> None:
    """Make a figure as wide as the page if labels would leave its axes less than two fifths of a column."""
    figure.set_figwidth(FULL)  # in a column, labels may leave no room at all, and nothing could be measured
    figure.draw_without_rendering()
    labels = FULL * (1 - min(axes.get_position().width for axes in figure.axes))
    if labels < 0.6 * COLUMN:
        figure.set_figwidth(COLUMN)


def note(text: str) -> Figure:
    """A figure with a text that says why there is nothing to draw."""
    figure = Figure(figsize=(COLUMN, 1))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=MUTED)
    return figure


def save(figure: Figure, out_stem: str | Path) -> None:
    """Write ``<out_stem>.png`` (200 dpi) and ``<out_stem>.svg`` atomically, without date or version.

    Call it under ``styled``. A title that is wider than the figure is wrapped. Letters that no font on this
    machine has are drawn as boxes and logged. Raises ``UserError`` when a file cannot be written.
    """
    for axes in figure.axes:
        axes.title.set_wrap(True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
            with atomic_path(f"{out_stem}{suffix}") as temporary:
                figure.savefig(temporary, dpi=PNG_DPI, metadata=metadata)
    missing = {found[1] for one in said if (found := MISSING.match(str(one.message)))}
    if missing:
        letters = "".join(sorted(chr(int(code)) for code in missing))
        logger.warning("%s: no font here has %s; on Debian, install fonts-noto-cjk", out_stem, letters)
    for one in said:
        if not MISSING.match(str(one.message)):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def along_x(axes: Axes) -> None:
    """Mark values along x, not along y, where names stand one below the other."""
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def around_zero(axes: Axes) -> None:
    """As ``along_x``, for differences: a line at zero takes the place of the left edge."""
    along_x(axes)
    axes.axvline(0, color="black", linewidth=0.7)
    axes.spines["left"].set_visible(False)


def name_places(axes: Axes, names: Sequence[str]) -> None:
    """Write names below the places 0, 1, … of an axis, vertically if there are many."""
    dense = len(names) > DENSE
    size = 4.5 if len(names) > MANY else None
    axes.set_xticks(range(len(names)), names, rotation=90 if dense else 0, fontsize=size)
    axes.tick_params(axis="x", length=0)
