"""Tables as CSV that no spreadsheet computes."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

# Text that a spreadsheet would compute, also after the mark that keeps it from doing so.
COMPUTED = re.compile("'*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]")


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Format a table as CSV with ``\\n`` line ends; ``None`` becomes an empty cell.

    A text that a spreadsheet would compute, because it begins with ``=``, ``+``, ``-`` or ``@``, gets ``'``
    in front. Numbers do not.
    """
    lines: list[str] = []
    table = csv.writer(_Lines(lines), lineterminator="\r\n")  # so that a cell with \r is also quoted
    table.writerow(columns)
    table.writerows([_inert(cell) for cell in row] for row in rows)
    return "".join(line.removesuffix("\r\n") + "\n" for line in lines)


def csv_rows(text: str) -> Iterator[list[str]]:
    """Parse what ``csv_text`` wrote, header first; raises ``csv.Error`` for invalid CSV."""
    for row in csv.reader(io.StringIO(text, newline="")):
        yield [cell[1:] if cell.startswith("'") and COMPUTED.match(cell) else cell for cell in row]


class _Lines:
    """A file-like object for ``csv.writer`` that collects lines in a list."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def _inert(cell: Any) -> Any:
    if not isinstance(cell, str) or not COMPUTED.match(cell):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
