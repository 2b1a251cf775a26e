"""CoNLL: a token and its tag a line, among other columns, and an empty line between sentences.

Columns are divided by one tab, or by blanks, the same throughout a file. ``columns`` says which two are read,
counted from 0, or from the last with -1; or by their names in a first line of names. Posts have no ids and
no images here: the id is made of the file's name and the line on which the sentence begins. Lines that begin
with ``-DOCSTART-`` divide documents. Comments, which begin with ``# `` and end in no tag, are counted in
the log.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mnerflow.data.config import Columns
from mnerflow.data.formats._blocks import blocks
from mnerflow.data.post import Post
from mnerflow.data.schemes import looks_like_tag
from mnerflow.data.tags import OUTSIDE
from mnerflow.errors import UserError, listed, suggest
from mnerflow.log import logger

OPTIONS = ("columns",)
Row = tuple[int, str]  # the number of a line, and the line
TAGGED = re.compile(r"[\t ](O|[BIESLUM][-_]\S+)[\t ]*$", re.IGNORECASE)
TYPE = re.compile(r"[A-Za-z_]+")  # of a tag without a prefix


@dataclass(frozen=True, slots=True)
class Layout:
    """How the first row of a file divides its columns, which holds for all others, and which are read."""

    separator: str
    columns: int
    line: int
    token: int
    tag: int
    told: bool  # by the configuration

    def __str__(self) -> str:
        return f"{self.columns} columns divided by a {'tab' if self.separator == chr(9) else 'space'}"

    def cells(self, row: str) -> list[str]:
        """The columns of a row; empty ones after the last are none."""
        if self.separator == " ":
            return re.split(" +", row.strip(" \t"))
        cells = row.split("\t")
        while len(cells) > self.columns and not cells[-1].strip(" "):
            del cells[-1]
        return cells


def looks_like(start: str) -> bool:
    """Whether a file that begins so has tags in a column, in most of its lines."""
    whole = start.split("\n")[:-1] or [start]  # the last line may be cut
    rows = [row.rstrip("\r") for row in whole if row.strip() and not row.startswith(("-DOCSTART-", "# "))]
    tables = [_split(row) for row in rows]
    tagged = sum(any(map(looks_like_tag, cells[1:])) for cells in tables)
    lasts = {cells[-1] for cells in tables}
    bare = {len(cells) for cells in tables} == {2} and "O" in lasts and all(map(TYPE.fullmatch, lasts))
    return bool(rows) and (2 * tagged > len(rows) or bare)


def records(path: Path, columns: Columns | None = None) -> Iterator[tuple[int, tuple[Layout, list[Row]]]]:
    """Yield the lines of every sentence, the number of its first line, and the file's layout.

    Raises ``UserError`` for columns that the file does not have.
    """
    layout = None
    for rows in _sentences(path):
        if layout is None:
            layout = _layout(path, rows[0], columns)
            rows = rows[_named(columns) :]
        if rows:
            yield rows[0][0], (layout, rows)


def to_post(path: Path, line: int, record: tuple[Layout, list[Row]]) -> Post:
    """Parse one sentence; raises ``UserError`` for a line whose columns differ from the file's first."""
    layout, rows = record
    if layout.columns < 2:
        raise UserError(
            f"{path}:{layout.line}: a token and its tag are expected, not one column. "
            "Divide the columns by a tab or a space."
        )
    table = []
    for number, row in rows:
        cells = layout.cells(row)
        enough = len(cells) > max(layout.token, layout.tag) if layout.told else len(cells) == layout.columns
        if not enough:
            raise UserError(
                f"{path}:{number}: {layout} are expected as in line {layout.line}, not {row[:40]!r}. "
                "Mend the line; an empty line ends a sentence."
            )
        table.append(cells)
    if not layout.told and layout.columns > 2:
        _see_columns(table, f"{path}:{line}")
    tokens, labels = ([cells[column] for cells in table] for column in (layout.token, layout.tag))
    return Post(f"{path.stem}-{line}", tokens, [label.strip(" ") for label in labels])


def line_of_token(record: tuple[Layout, list[Row]], index: int) -> int:
    """The line of a token of a sentence."""
    return record[1][index][0]


@dataclass(frozen=True, slots=True)
class Table:
    """What the columns of a file hold.

    Attributes:
        names: of the columns, where the first line names them.
        columns: how many most rows have.
        token: the first column that does not count the tokens.
        tags: those that hold nothing but tags, with the first tag of an entity in each.
    """

    names: list[str]
    columns: int
    token: int
    tags: dict[int, str]


def table_of(path: Path) -> Table:
    """What the columns of a file hold; rows of other than the usual number of columns are passed over."""
    rows = [_split(row) for sentence in _sentences(path) for _, row in sentence]
    number = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    table = [cells for cells in rows if len(cells) == number]

    def tags(table: list[list[str]]) -> dict[int, str]:
        found = {column: _first_tag(table, column) for column in range(1, number)} if table else {}
        return {column: tag for column, tag in found.items() if tag}

    found, names = tags(table), []
    if not found and (found := tags(table[1:])):
        names = table[0]
    counted = all(cells[0].isdecimal() for cells in table[bool(names) :])
    return Table(names, number, int(counted and number > 2), found)


def _sentences(path: Path) -> Iterator[list[Row]]:
    comments = 0
    for first, lines in blocks(path):
        rows: list[Row] = []
        for number, row in enumerate(lines, start=first):
            if row.startswith("-DOCSTART-"):
                if rows:
                    yield rows
                rows = []
            elif (row.startswith(("# ", "##")) or row == "#") and not TAGGED.search(row):
                comments += 1
            else:
                rows.append((number, row))
        if rows:
            yield rows
    if comments:
        logger.info("%s: %d comments", path, comments)


def _split(row: str) -> list[str]:
    return row.rstrip("\t ").split("\t") if "\t" in row.strip("\t ") else re.split(" +", row.strip(" \t"))


def _named(columns: Columns | None) -> bool:
    """Whether columns are told by a first line of names."""
    return columns is not None and isinstance(columns.token, str)


def _layout(path: Path, row: Row, columns: Columns | None) -> Layout:
    number, text = row
    cells = _split(text)
    separator = "\t" if "\t" in text.strip("\t ") else " "
    if columns is None:
        return Layout(separator, len(cells), number, 0, len(cells) - 1, told=False)
    places = [_place(column, cells, f"{path}:{number}") for column in (columns.token, columns.tag)]
    return Layout(separator, len(cells), number, *places, told=True)


def _place(column: int | str, cells: list[str], place: str) -> int:
    if isinstance(column, str):
        if column not in cells:
            raise UserError(
                f"{place}: columns: no column is called {column!r} among {listed(cells)}"
                f"{suggest(column, cells)}. Name one of them, or count from 0."
            )
        return cells.index(column)
    if not -len(cells) <= column < len(cells):
        raise UserError(f"{place}: columns: {column} is none of {len(cells)} columns. Count from 0.")
    return column % len(cells)


def _see_columns(table: list[list[str]], place: str) -> None:
    """Refuse to guess the column where several may be meant, and tokens that are numbers of tokens."""
    if len(table) > 2 and [cells[0] for cells in table] == [str(number + 1) for number in range(len(table))]:
        raise UserError(
            f"{place}: the first column counts the tokens. Say which columns are read: "
            "`columns: {token: 1, tag: -1}`; CoNLL-U has a `format: conllu` of its own."
        )
    last = len(table[0]) - 1
    both = all(looks_like_tag(cells[last]) for cells in table)
    for column in range(1, last):
        if tag := _first_tag(table, column):
            other = f"{last} ({table[0][last]})"
            said = f"and {other} both look like tags" if both else f"looks like tags, and {other} does not"
            raise UserError(
                f"{place}: of the columns, counted from 0, {column} ({tag}) {said}. "
                f"Say which is read: `columns: {{token: 0, tag: {last if both else column}}}`."
            )


def _first_tag(table: list[list[str]], column: int) -> str:
    """The first tag of an entity in a column that holds nothing but tags."""
    values = [cells[column] for cells in table]
    tags = (value for value in values if value.upper() != OUTSIDE)
    return next(tags, "") if all(map(looks_like_tag, values)) else ""
