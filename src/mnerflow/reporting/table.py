"""A table, declared once: its columns, what it shows, and which columns each reader sees."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files import write_text
from mnerflow.reporting.columns import Cell, Column, Row
from mnerflow.reporting.latex import latex
from mnerflow.reporting.render import Rendered
from mnerflow.reporting.table_files import read_csv, write_csv


@dataclass(frozen=True)
class Part:
    """A further table that Markdown and LaTeX show of the same rows, where one alone would be too wide.

    Attributes:
        name: what ends its label in LaTeX.
        about: its caption, as a table's.
        printed: its columns, likewise.
    """

    name: str
    about: str
    printed: Sequence[str | Column]


@dataclass(frozen=True)
class Table:
    """The declaration of a table, from which each of its forms follows.

    Attributes:
        title: its heading in the report.
        about: its caption; ``{name}`` stands for what that column means.
        columns: those of the CSV, in its order.
        printed: what Markdown and LaTeX show: names of ``columns``, or columns that show one in another form.
        page, wide, detail: what the report shows, likewise: in a row, in the row of a wide page or else among
            its details, and there always.
        remarks: what to beware of in a row.
        further: what Markdown and LaTeX show in tables that follow the first.
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
        """Columns of the CSV."""
        return tuple(column.name for column in self.columns)

    @property
    def caption(self) -> str:
        """What the table shows."""
        return self._filled(self.about)

    def shown(self, view: Sequence[str | Column]) -> list[Column]:
        """The columns of ``printed``, ``page``, ``wide`` or ``detail``."""
        declared = {column.name: column for column in self.columns}
        return [declared[each] if isinstance(each, str) else each for each in view]

    def render(self, rows: Sequence[Row], notes: Sequence[str] = ()) -> Rendered:
        """The table as Markdown, LaTeX or a terminal shows it, with ``notes`` below, and its further ones."""
        first = self._render(self.caption, self.printed, rows)
        parts = [
            replace(self._render(self._filled(part.about), part.printed, rows), name=part.name)
            for part in self.further
        ]
        further = [part for part in parts if {*part.columns} - {*first.columns}]  # else it shows nothing new
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
        """Write rows as CSV, and what is ``rendered`` of them as Markdown and LaTeX, by the paths' endings.

        This table alone is rendered where nothing else is given. LaTeX's labels are ``tab:``, the file's name
        and the rendered table's, where it has one, as in ``tab:per_type:demo``.
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

        Raises ``UserError`` naming the file when it has no such columns, or a cell another kind of value.
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
    """Cells of these columns as Markdown, LaTeX or a terminal shows them."""
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
