"""Rows as CSV files."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files.csv_text import csv_rows, csv_text
from mnerflow.files.reading import read_text
from mnerflow.files.writing import write_text


def write_csv(path: str | Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write rows as CSV, atomically; numbers have eight decimals, and ``None`` is an empty cell."""
    cells = ((row.get(column) for column in columns) for row in rows)
    rounded = ([round(value, 8) if isinstance(value, float) else value for value in row] for row in cells)
    write_text(path, csv_text(columns, rounded))


def read_csv(path: str | Path, columns: Iterable[str]) -> list[dict[str, str | None]]:
    """Read rows that ``write_csv`` wrote; an empty cell is ``None``.

    Raises ``UserError`` naming the file when one of ``columns`` is missing, or a row has too few or too many
    cells.
    """
    again = "Delete the file and run again."
    try:
        header, *rows = [*csv_rows(read_text(path, again))] or [[]]
        if missing := [column for column in columns if column not in header]:
            raise UserError(f"{path}: column {missing[0]!r} is missing. {again}")
        return [{name: cell or None for name, cell in zip(header, row, strict=True)} for row in rows]
    except (csv.Error, ValueError) as error:
        raise UserError(f"{path}: not a table ({error}). {again}") from error
