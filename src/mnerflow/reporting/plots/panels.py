"""Which runs are drawn together, and the place of their panel in the figure."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple, TypeVar

from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from mnerflow.errors import quantity
from mnerflow.plan.names import NONE, Combination, data_label, encoders_label
from mnerflow.reporting.columns import Row
from mnerflow.reporting.style import COLUMN, FULL, Look

Of = TypeVar("Of", bound=Combination)
MOST_PANELS = 48  # no reader looks at more, and a figure of hundreds takes minutes


class Panel(NamedTuple):
    """One data set with its filter, and one pair of encoders."""

    dataset: str
    filter: str
    text_encoder: str
    image_encoder: str

    @classmethod
    def of(cls, run: Combination) -> "Panel":
        """The panel of a run or combination."""
        return cls(run.dataset, run.filter, run.text_encoder, run.image_encoder)

    @property
    def data(self) -> str:
        """As ``Combination.data``."""
        return data_label(self.dataset, self.filter)

    def title(self, width: float) -> str:
        """Data and encoders on lines that fit ``width`` inches of title text."""
        characters = max(8, int(width * 72 / 4.3))  # 4.3 points: a mean character at the title's 7 points
        parts = self.data, encoders_label(self.text_encoder, self.image_encoder)
        return "\n".join(_wrapped(part, characters) for part in parts)


def _wrapped(text: str, characters: int) -> str:
    """Lines of at most so many characters; a longer name is broken after a ``+``."""
    fits = all(len(word) <= characters for word in text.split())
    return textwrap.fill(text if fits else text.replace("+", "+ "), characters).replace("+ ", "+")


def group_by_panel(runs: Iterable[Of]) -> dict[Panel, list[Of]]:
    """Sort runs into panels; a unimodal run appears in every panel with its encoder.

    If no panel has its encoder, a unimodal run gets a panel of its own.
    """
    runs = sorted(runs)
    places = sorted({Panel.of(run) for run in runs})
    pairs = [place for place in places if NONE not in place[2:]]

    @cache
    def panels_of(place: Panel) -> list[Panel]:
        homes = [
            pair
            for pair in pairs
            if all(encoder in (NONE, paired) for encoder, paired in zip(place[2:], pair[2:], strict=True))
            and place[:2] == pair[:2]
        ]
        return homes or [place]

    grouped: dict[Panel, list[Of]] = {}
    for run in runs:
        for panel in panels_of(Panel.of(run)):
            grouped.setdefault(panel, []).append(run)
    return dict(sorted(grouped.items()))


def sources_told(rows: Sequence[Row]) -> list[str]:
    """For each row, its source and a colon if a model has rows for several sources, otherwise nothing."""
    sources = {(Combination.of(row), row["source"]) for row in rows}
    several = len(sources) > len({combination for combination, _ in sources})
    return [f"{row['source']}: " if several and row["source"] else "" for row in rows]


def looks_by_data(panels: dict[Panel, list[Of]], looks: dict[str, Look]) -> dict[str, dict[str, Look]]:
    """The ``looks``, in their order, of the systems in each data set's panels, by ``Panel.data``."""
    found: dict[str, set[str]] = {}
    for panel, runs in panels.items():
        found.setdefault(panel.data, set()).update(run.system for run in runs)
    return {
        data: {system: look for system, look in looks.items() if system in systems}
        for data, systems in found.items()
    }


def first_panels(panels: dict[Panel, list[Of]]) -> tuple[dict[Panel, list[Of]], str]:
    """At most ``MOST_PANELS`` panels, equally many per data set, and a note if some were left out."""
    if len(panels) <= MOST_PANELS:
        return panels, ""
    groups = [list(group) for _, group in groupby(panels, key=lambda panel: panel[:2])]
    share = max(1, MOST_PANELS // len(groups))
    drawn = [panel for group in groups for panel in group[:share]][:MOST_PANELS]
    shown = f"{len(drawn)} of {quantity(len(panels), 'panel')}"
    note = f"{shown}, the first of each data set by name; all are in the tables."
    return {panel: panels[panel] for panel in drawn}, note


class Place(NamedTuple):
    """The place of a panel; one that ``starts`` its data set in a row shows the scale."""

    panel: Panel
    row: int
    column: int
    starts: bool


def places(panels: Iterable[Panel], per_row: int) -> list[Place]:
    """Panels in rows of at most ``per_row``; a data set is split, evenly, only if it does not fit a row."""
    rows: list[list[Panel]] = [[]]
    for _, group in groupby(panels, key=lambda panel: panel[:2]):
        members = list(group)
        if rows[-1] and len(rows[-1]) + len(members) > per_row:
            rows.append([])
        length = math.ceil(len(members) / math.ceil(len(members) / per_row))
        for start in range(0, len(members), length):
            if start:
                rows.append([])
            rows[-1] += members[start : start + length]
    return [
        Place(panel, row, column, not column or members[column - 1].dataset != panel.dataset)
        for row, members in enumerate(rows)
        for column, panel in enumerate(members)
    ]


def size_of(found: Sequence[Place]) -> tuple[int, int]:
    """Rows and columns that the places take."""
    return 1 + max(place.row for place in found), 1 + max(place.column for place in found)


def figure_of(found: Sequence[Place], height: float) -> tuple[Figure, GridSpec, float]:
    """A figure for the places, with rows of ``height`` inches.

    It is one column wide if its rows have one panel, otherwise as wide as a page. Returns the figure, its
    grid, and the width of a panel in inches.
    """
    rows, columns = size_of(found)
    width = FULL / columns if columns > 1 else COLUMN
    figure = Figure(figsize=(width * columns, height * rows + 0.2))
    return figure, figure.add_gridspec(rows, columns), width
