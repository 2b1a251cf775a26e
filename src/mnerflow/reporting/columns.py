"""Columns of tables: what a cell says, what it is sorted by, where it leads, and what the column means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mnerflow.plan.names import FILTERS_OFF, Combination
from mnerflow.reporting.render import ABSENT, between, interval, p_value, percent, points, share, spread

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """How a column's values are shown.

    Attributes:
        show: makes the text from the row and the column's name; a cell may tell of several columns.
        read: makes a value of its text in the CSV.
        number: whether values are numbers, which stand to the right and are sorted by their size.
    """

    show: Callable[[Row, str], str]
    read: Callable[[str], Any] = str
    number: bool = False


def _parse_number(text: str) -> float:
    """The number that ``text`` is, an ``int`` where it is whole; raises ``ValueError`` when it is none."""
    return int(text) if text.isdecimal() else float(text)


def numeric(show: Callable[[Row, str], str]) -> Form:
    """Numbers, shown together with others of their row."""
    return Form(show, _parse_number, number=True)


def number(show: Callable[[Any], str]) -> Form:
    """Numbers, each shown by itself."""
    return numeric(lambda row, name: show(row[name]))


def _spread(row: Row, name: str) -> str:
    return spread(row[name], row[f"{name.removesuffix('mean')}sd"])


def _range(row: Row, name: str) -> str:
    return between(row[name], row[f"{name.removesuffix('low')}high"])


def _interval(row: Row, name: str) -> str:
    return interval(row[name], row[f"{name.removesuffix('low')}high"])


TEXT = Form(lambda row, name: str(row[name]))
FLAG = Form(lambda row, name: "yes" if row[name] else "no", "True".__eq__)
COUNT = number("{:,.0f}".format)
MEAN = number("{:.1f}".format)  # of counts
PERCENT = number(percent)
SHARE = number(share)
POINTS = number(points)
P_VALUE = number(p_value)
SPREAD = numeric(_spread)  # of ``<name>_mean``, with ``<name>_sd``
RANGE = numeric(_range)  # of ``<name>_low``, with ``<name>_high``
INTERVAL = numeric(_interval)  # likewise, of a difference


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows.

    Attributes:
        text: as it is read.
        order: what it is sorted by where that is not the text.
        href: where it leads.
        bold: whether it is bold.
        cites: key of the publication that LaTeX cites instead of the text.
    """

    text: str
    order: str | None = None
    href: str | None = None
    bold: bool = False
    cites: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column, declared once for CSV, Markdown, LaTeX, the terminal and the report.

    Attributes:
        name: the CSV's column that it shows.
        title: its head for a reader.
        meaning: what it holds, in a few words that go on after the title and a colon.
        form: how its values are shown.
        bold: the column that says which cells are bold.
        link: where a cell leads, as a URL from the folder of results.
        unless: Markdown and LaTeX leave the column out where all rows hold one of these values.
        cites: the column that holds the key of a publication, which LaTeX cites instead of the cell's text.
        heading: whether LaTeX sets it as a line above the rows that share it.
    """

    name: str
    title: str = ""
    meaning: str = ""
    form: Form = TEXT
    bold: str | None = None
    link: Callable[[Row], str] | None = None
    unless: tuple[str | None, ...] = ()
    cites: str | None = None
    heading: bool = False

    def cell(self, row: Row) -> Cell:
        """What the column shows of ``row``; a dash where it holds nothing."""
        value = row[self.name]
        if value is None:
            return Cell(ABSENT, "" if self.form.number else None)
        return Cell(
            self.form.show(row, self.name),
            str(value) if self.form.number else None,
            self.link(row) if self.link else None,
            bool(self.bold and row[self.bold]),
            row[self.cites] if self.cites else None,
        )


def _of_combination(attribute: str) -> Form:
    return Form(lambda row, name: getattr(Combination.of(row), attribute))


COMBINATION_COLUMNS = (
    Column("dataset", "data set", "its name in the configuration", heading=True),
    Column(
        "filter", "filter", "what hid words from the model, `none` where nothing did", unless=(FILTERS_OFF,)
    ),
    Column("text_encoder", meaning="text encoder, `none` without one"),
    Column("image_encoder", meaning="image encoder, `none` without one"),
    Column("fusion", meaning="how modalities are combined"),
    Column("variant", meaning="what else tells runs apart, as decoder, contexts and training"),
)
SCORES = {  # title and meaning of each, by its name in ``evaluation.metrics.Scores``
    "entity_f1": ("entity F1", "right are entities of which type and both boundaries are right"),
    "entity_precision": ("precision", "share of the predicted entities that are right"),
    "entity_recall": ("recall", "share of the gold entities that are found"),
    "entity_f1_strict": ("strict", "an entity counts only where `B-` begins it"),
    "token_macro_f1": ("token macro F1", "mean over the tags of words, `O` among them"),
    "subword_macro_f1": (
        "subword macro F1",
        "a word counts once a subword of its encoder (once, where that has no subwords)",
    ),
    "accuracy": ("accuracy", "share of the words with the right tag"),
}
SEEDS = Column("seeds", "seeds", "number of seeds", COUNT)
# What a reader is shown of a combination:
DATA = Column(
    "dataset", "data set", "in brackets its filter, where one is used", _of_combination("data"), heading=True
)
ENCODERS = Column("text_encoder", "encoders", "of text and image", _of_combination("encoders"), heading=True)
SYSTEM = Column("fusion", "fusion", "and after `+` the variant", _of_combination("system"))
MODEL = Column(
    "fusion",
    "model",
    "encoders, fusion and variant; it leads to the folder of its runs",
    _of_combination("model"),
    link=lambda row: quote(f"runs/{Combination.of(row).folder}/"),
)


def over_seeds(name: str, title: str, meaning: str, bold: str | None = None) -> tuple[Column, Column]:
    """A mean over seeds, and its standard deviation, which is shown in the same cell."""
    return (
        Column(f"{name}_mean", title, meaning, SPREAD, bold),
        Column(f"{name}_sd", meaning=f"standard deviation of {title} over seeds", form=PERCENT),
    )
