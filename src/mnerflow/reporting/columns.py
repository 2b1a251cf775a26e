"""Columns of tables: the text of a cell, its sort key and its link, and the meaning of the column."""

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
        show: makes the text from the row and the column's name; a cell may combine several columns.
        read: makes a value from its text in the CSV.
        number: whether values are numbers, which are aligned to the right and sorted by size.
    """

    show: Callable[[Row, str], str]
    read: Callable[[str], Any] = str
    number: bool = False


def _parse_number(text: str) -> float:
    """Parse a number, as an ``int`` where it is whole; raises ``ValueError`` when it is not a number."""
    return int(text) if text.isdecimal() else float(text)


def numeric(show: Callable[[Row, str], str]) -> Form:
    """Numbers that are shown together with others of their row."""
    return Form(show, _parse_number, number=True)


def number(show: Callable[[Any], str]) -> Form:
    """Numbers that are shown each by itself."""
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
        text: text that a reader sees.
        order: sort key, where it is not the text.
        href: target of the cell's link.
        bold: whether the text is bold.
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
        name: name of the CSV column that is shown.
        title: head of the column for a reader.
        meaning: what the column contains, in a few words that can follow the title and a colon.
        form: how the values are shown.
        bold: name of the column that says which cells are bold.
        link: makes the link of a cell, as a URL relative to the folder of results.
        unless: Markdown and LaTeX leave the column out where every row has one of these values.
        cites: name of the column with the key of a publication, which LaTeX cites instead of the text.
        heading: whether LaTeX sets the value as a line above the rows that share it.
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
        """What the column shows for ``row``; a dash where it has no value."""
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
    Column("dataset", "data set", "name of the data set in the configuration", heading=True),
    Column(
        "filter", "filter", "filter that hid words from the model, `none` without one", unless=(FILTERS_OFF,)
    ),
    Column("text_encoder", meaning="text encoder, `none` without one"),
    Column("image_encoder", meaning="image encoder, `none` without one"),
    Column("fusion", meaning="how modalities are combined"),
    Column("variant", meaning="what else distinguishes runs, such as decoder, contexts and training"),
)
SCORES = {  # title and meaning of each, by its name in ``evaluation.metrics.Scores``
    "entity_f1": ("entity F1", "F1 over entities; one is right if its type and both boundaries are right"),
    "entity_precision": ("precision", "share of the predicted entities that are right"),
    "entity_recall": ("recall", "share of the gold entities that are found"),
    "entity_f1_strict": ("strict", "entity F1 that counts only entities that begin with `B-`"),
    "token_macro_f1": ("token macro F1", "mean F1 over the tags of words, including `O`"),
    "subword_macro_f1": (
        "subword macro F1",
        "mean F1 over tags, where a word counts once per subword of its encoder (once if it has no subwords)",
    ),
    "accuracy": ("accuracy", "share of the words with the right tag"),
}
SEEDS = Column("seeds", "seeds", "number of seeds", COUNT)
# How a combination is shown to a reader:
DATA = Column(
    "dataset",
    "data set",
    "name of the data set, with its filter in brackets where one is used",
    _of_combination("data"),
    heading=True,
)
ENCODERS = Column(
    "text_encoder", "encoders", "encoders of text and image", _of_combination("encoders"), heading=True
)
SYSTEM = Column("fusion", "fusion", "fusion, and the variant after `+`", _of_combination("system"))
MODEL = Column(
    "fusion",
    "model",
    "encoders, fusion and variant, with a link to the folder of the runs",
    _of_combination("model"),
    link=lambda row: quote(f"runs/{Combination.of(row).folder}/"),
)


def over_seeds(name: str, title: str, meaning: str, bold: str | None = None) -> tuple[Column, Column]:
    """A mean over seeds, and its standard deviation, which is shown in the same cell."""
    return (
        Column(f"{name}_mean", title, meaning, SPREAD, bold),
        Column(f"{name}_sd", meaning=f"standard deviation over seeds of {title}", form=PERCENT),
    )
