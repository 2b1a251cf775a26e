"""The tables of the report, and what the page shows of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

from mnerflow.errors import quantity
from mnerflow.reporting import (
    calibration,
    changes,
    churn,
    cost,
    does_it_help,
    errors,
    learning_curve,
    literature,
    per_type,
    pooled,
    runs,
    strata,
    summary,
    thesis,
)
from mnerflow.reporting.columns import Cell, Column
from mnerflow.reporting.table import Table

# By the file, below the folder of results, from which a table is read; in the order of the page.
TABLES: Mapping[str, Table] = {
    "tables/pooled.csv": pooled.TABLE,
    "tables/does_it_help.csv": does_it_help.TABLE,
    "tables/strata.csv": strata.TABLE,
    "tables/grid.csv": summary.GRID,
    "tables/thesis.csv": thesis.TABLE,
    "tables/literature.csv": literature.TABLE,
    "tables/churn.csv": churn.TABLE,
    "tables/per_type.csv": per_type.TABLE,
    "tables/learning_curve.csv": learning_curve.TABLE,
    "tables/errors.csv": errors.TABLE,
    "tables/fixed_and_broken.csv": changes.TABLE,
    "tables/calibration.csv": calibration.TABLE,
    "tables/cost.csv": cost.TABLE,
    "scores.csv": runs.TABLE,
}
MOST_ROWS = 2000  # per table: with more, a browser takes seconds to open the page


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head on the page: its ``place`` is ``row``, ``wide`` or ``detail`` (see ``Table``)."""

    title: str
    meaning: str
    number: bool
    place: str


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table as the page shows it; ``name`` is the file's name without its ending."""

    name: str
    title: str
    caption: Markup
    source: str
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]


def report_tables(folder: Path) -> list[ReportTable]:
    """All tables, read from the CSV files below ``folder``; one without rows is left out.

    The comparison with the thesis shows only runs on the thesis's data. If a table has more than
    ``MOST_ROWS`` rows, the first are shown and the caption says so.

    Raises ``UserError`` naming the file when it or one of its columns is missing.
    """
    tables = []
    for source, table in TABLES.items():
        rows = table.read(folder / source)
        if table is thesis.TABLE:
            rows = thesis.on_its_data(rows)
        if rows:
            caption = " ".join([table.caption, *(summary.remarks(rows) if table is summary.GRID else ())])
            if len(rows) > MOST_ROWS:
                caption += f" Shown are the first {MOST_ROWS:,} of {quantity(len(rows), 'row')}."
            views = {"row": table.page, "wide": table.wide, "detail": table.detail}
            placed = [(column, place) for place, view in views.items() for column in table.shown(view)]
            heads = [_head(column, place) for column, place in placed]
            cells = [[column.cell(row) for column, _ in placed] for row in rows[:MOST_ROWS]]
            caption = Markup(MarkdownIt().renderInline(caption))
            tables.append(ReportTable(Path(source).stem, table.title, caption, source, heads, cells))
    return tables


def _head(column: Column, place: str) -> Head:
    return Head(column.title, column.meaning.replace("`", ""), column.form.number, place)
