"""A table, declared once: its columns, what it shows, and which columns each reader sees."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files import write_text
from mnerflow.reporting.columns import Cell, Column, Row
from mnerflow.reporting.render import Rendered
from mnerflow.reporting.table_files import read_csv, write_csv

FORMS = {".md": Rendered.markdown, ".tex": Rendered.latex}


@dataclass(frozen=True)
class Table:
    """The declaration of a table, from which each of its forms follows.

    Attributes:
        title: its heading in the report.
        about: its caption; ``{name}`` stands for what that column means.
        columns: those of the CSV, in its order.
        printed: what Markdown and LaTeX show: names of ``columns``, or columns that show one otherwise.
        page, wide, detail: what the report shows, likewise: in a row, in the row of a wide page or else among
            its details, and there always.
        remarks: what to beware of in a row.
    """

    title: str
    about: str
    columns: Sequence[Column]
    printed: Sequence[str | Column] = ()
    page: Sequence[str | Column] = ()
    wide: Sequence[str | Column] = ()
    detail: Sequence[str | Column] = ()
    remarks: Callable[[Row], Sequence[str]] = lambda row: ()

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the CSV."""
        return tuple(column.name for column in self.columns)

    @property
    def caption(self) -> str:
        """What the table shows."""
        return self.about.format_map({column.name: column.meaning for column in self.columns})

    def shown(self, view: Sequence[str | Column]) -> list[Column]:
        """The columns of ``printed``, ``page``, ``wide`` or ``detail``."""
        declared = {column.name: column for column in self.columns}
        return [declared[each] if isinstance(each, str) else each for each in view]

    def render(self, rows: Sequence[Row], notes: Sequence[str] = ()) -> Rendered:
        """The table as Markdown, LaTeX or a terminal shows it, with ``notes`` below."""
        columns = [
            column
            for column in self.shown(self.printed)
            if not column.unless or any(row[column.name] not in column.unless for row in rows)
        ]
        cells = [[column.cell(row) for column in columns] for row in rows]
        remarks = [list(self.remarks(row)) for row in rows]
        return rendered(self.caption, [column.title for column in columns], cells, remarks, notes)

    def write(self, paths: Iterable[str | Path], rows: Sequence[Row], *rendered: Rendered) -> None:
        """Write rows as CSV, and what is ``rendered`` of them as Markdown and LaTeX, by the paths' endings.

        This table alone is rendered where nothing else is given.
        """
        for path in paths:
            if (ending := Path(path).suffix) == ".csv":
                write_csv(path, rows, self.names)
            else:
                write_text(path, "\n".join(map(FORMS[ending], rendered or [self.render(rows)])))

    def read(self, path: str | Path) -> list[dict[str, Any]]:
        """Rows that ``write`` wrote as CSV, an empty cell as ``None``.

        Raises ``UserError`` naming the file when it has no such columns, or a cell another kind of value.
        """
        rows = read_csv(path, self.names)
        try:
            return [
                row | {each.name: each.form.read(row[each.name]) for each in self.columns if row[each.name]}
                for row in rows
            ]
        except ValueError as error:
            raise UserError(f"{path}: not a table ({error}). Delete the file and run again.") from error


def rendered(
    caption: str,
    heads: Sequence[str],
    cells: Sequence[Sequence[Cell]],
    remarks: Sequence[Sequence[str]] = (),
    notes: Sequence[str] = (),
) -> Rendered:
    """Cells as Markdown, LaTeX or a terminal shows them."""
    bold = {(y, x) for y, line in enumerate(cells) for x, cell in enumerate(line) if cell.bold}
    return Rendered(caption, heads, [[cell.text for cell in line] for line in cells], remarks, bold, notes)
