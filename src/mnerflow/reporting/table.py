"""A table, declared once: its columns, its caption, and the columns that each form of it shows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files.writing import write_text
from mnerflow.reporting.columns import Cell, Column, Row
from mnerflow.reporting.latex import latex
from mnerflow.reporting.render import Rendered
from mnerflow.reporting.table_files import read_csv, write_csv


@dataclass(frozen=True)
class Part:
    """A further table of the same rows for Markdown and LaTeX, where a single table would be too wide.

    Attributes:
        name: end of its label in LaTeX.
        about: caption, as for ``Table``.
        printed: columns, as for ``Table``.
    """

    name: str
    about: str
    printed: Sequence[str | Column]


@dataclass(frozen=True)
class Table:
    """The declaration of a table, from which all its forms are made.

    Attributes:
        title: heading in the report.
        about: caption; ``{name}`` stands for the meaning of that column.
        columns: columns of the CSV, in their order.
        printed: columns in Markdown and LaTeX: names from ``columns``, or columns that show one of them in
            another form.
        page, wide, detail: columns in the report, given likewise. Those of ``page`` are always in the row,
            those of ``detail`` always in its details, and those of ``wide`` in the row if the page is wide
            enough, else in the details.
        remarks: returns the caveats about a row.
        further: tables that follow the first in Markdown and LaTeX.
    """

    title: str
    about: str
    columns: Sequence[Column]
    printed: Sequence[str | Column] = ()
    page: Sequence[str | Column] = ()
    wide: Sequence[str | Column] = ()
    detail: Sequence[str | Column] = ()
    remarks: Callable[[Row], Sequence[str]] = lambda row: ()
    further: Sequence[Part] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of the CSV."""
        return tuple(column.name for column in self.columns)

    @property
    def caption(self) -> str:
        """The caption, with the meanings of columns filled in."""
        return self._filled(self.about)

    def shown(self, view: Sequence[str | Column]) -> list[Column]:
        """The columns of ``printed``, ``page``, ``wide`` or ``detail``."""
        declared = {column.name: column for column in self.columns}
        return [declared[each] if isinstance(each, str) else each for each in view]

    def render(self, rows: Sequence[Row], notes: Sequence[str] = ()) -> Rendered:
        """The table for Markdown, LaTeX or a terminal, with ``notes`` below it and its further tables."""
        first = self._render(self.caption, self.printed, rows)
        parts = [
            replace(self._render(self._filled(part.about), part.printed, rows), name=part.name)
            for part in self.further
        ]
        further = [part for part in parts if {*part.columns} - {*first.columns}]  # others show nothing new
        remarks = [list(self.remarks(row)) for row in rows]
        return replace(first, remarks=remarks, notes=notes, further=further)

    def _filled(self, about: str) -> str:
        return about.format_map({column.name: column.meaning for column in self.columns})

    def _render(self, caption: str, view: Sequence[str | Column], rows: Sequence[Row]) -> Rendered:
        columns = [
            column
            for column in self.shown(view)
            if not column.unless or any(row[column.name] not in column.unless for row in rows)
        ]
        return rendered(caption, columns, [[column.cell(row) for column in columns] for row in rows])

    def write(self, paths: Iterable[str | Path], rows: Sequence[Row], *rendered: Rendered) -> None:
        """Write rows as CSV, and tables ``rendered`` from them as Markdown and LaTeX, by the paths' endings.

        Without ``rendered``, only this table is rendered. A label in LaTeX is ``tab:``, the file's name and
        the name of the rendered table, if it has one, as in ``tab:per_type:demo``.
        """
        for path in map(Path, paths):
            if path.suffix == ".csv":
                write_csv(path, rows, self.names)
                continue
            tables = rendered or [self.render(rows)]
            if path.suffix == ".tex":
                write_text(path, "\n".join(latex(table, f"tab:{path.stem}") for table in tables))
            else:
                write_text(path, "\n".join(table.markdown() for table in tables))

    def read(self, path: str | Path) -> list[dict[str, Any]]:
        """Rows that ``write`` wrote as CSV, an empty cell as ``None``.

        Raises ``UserError`` naming the file when a column is missing or a cell has the wrong kind of value.
        """
        rows = read_csv(path, self.names)
        try:
            return [
                row | {each.name: each.form.read(cell) for each in self.columns if (cell := row[each.name])}
                for row in rows
            ]
        except ValueError as error:
            raise UserError(f"{path}: not a table ({error}). Delete the file and run again.") from error


def rendered(caption: str, columns: Sequence[Column], cells: Sequence[Sequence[Cell]]) -> Rendered:
    """A table of these cells for Markdown, LaTeX or a terminal."""
    placed = {(y, x): cell for y, line in enumerate(cells) for x, cell in enumerate(line)}
    return Rendered(
        caption,
        [column.title for column in columns],
        [[cell.text for cell in line] for line in cells],
        bold={place for place, cell in placed.items() if cell.bold},
        numbers={x for x, column in enumerate(columns) if column.form.number},
        headings={x for x, column in enumerate(columns) if column.heading},
        citations={place: cell.cites for place, cell in placed.items() if cell.cites},
    )
