"""CoNLL: one token and its tag per line, among other columns, and an empty line between sentences.

Columns are separated by one tab, or by spaces, the same throughout a file. ``columns`` says which are read:
by number, counted from 0 or from the last with -1, or by name if the first line names the columns. With a
column ``post``, sentences also end where its value changes; an empty cell continues a sentence. The id of a
post consists of the file's name and the line on which the sentence begins. Lines that begin with
``-DOCSTART-`` separate documents. Comments begin with ``# `` or ``##``, do not end in a tag, and do not have
the columns of the file with a tag among them; the log counts them. If tags are not read, a sentence may have
UMT's head: lines ``IMGID:`` or ``WID:`` that name the post and its images.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

from mnerflow.data.config import Columns
from mnerflow.data.formats._blocks import blocks
from mnerflow.data.formats._head import HEAD, named
from mnerflow.data.post import Post
from mnerflow.data.schemes import looks_like_tag
from mnerflow.data.tags import OUTSIDE
from mnerflow.errors import UserError, listed, quantity, suggest
from mnerflow.log import logger

OPTIONS = ("columns",)
Row = tuple[int, str]  # the number of a line, and the line
HASH = re.compile(r"#\s|##|#$")  # a comment, or a token that looks like one
TAG_NAMES = ("entity", "label", "labels", "ner", "ner_tag", "ner_tags", "tag", "tags", "type")
DIGIT = re.compile(r"\d")
TYPE = re.compile(r"[A-Za-z_]+")  # of a tag without a prefix


@dataclass(slots=True)
class Sentence:
    """The lines of a sentence that begins on ``line``: those of its head, and one row per token."""

    line: int
    head: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """The columns of the first row of a file, which apply to all its rows, and which of them are read."""

    separator: str
    columns: int
    line: int
    token: int
    tag: int | None  # None if tags are not read
    post: int | None  # None if empty lines end the sentences
    given: bool  # whether the configuration says which columns are read
    headed: bool  # whether the first row names the columns

    def __str__(self) -> str:
        between = "tab" if self.separator == "\t" else "space"
        return f"{quantity(self.columns, 'column')} divided by a {between}"

    def cells(self, row: str) -> list[str]:
        """The cells of a row, without empty ones after the last column."""
        if self.separator == " ":
            return re.split(" +", row.strip(" \t"))
        cells = row.split("\t")
        while len(cells) > self.columns and not cells[-1].strip(" "):
            del cells[-1]
        return cells

    def token_of(self, row: str) -> str:
        """The token of a row; empty if the row ends before it, or begins with a tab in its place."""
        cells = self.cells(row)
        return "" if row.startswith("\t") and not self.token else "".join(cells[self.token : self.token + 1])

    def fits(self, cells: list[str]) -> bool:
        """Whether a row has the file's columns, or at least those that the configuration names."""
        if self.given and self.tag is not None:
            return len(cells) > max(self.token, self.tag, self.post or 0)
        return len(cells) == self.columns


def looks_like(start: str) -> bool:
    """Whether the start of a file has tags in a column in most of its lines."""
    whole = start.split("\n")[:-1] or [start]  # the last line may be cut
    rows = [row.rstrip("\r") for row in whole if row.strip() and not row.startswith(("-DOCSTART-", "# "))]
    tables = [_split(row) for row in rows]
    tagged = sum(any(map(looks_like_tag, cells[1:])) for cells in tables)
    lasts = {cells[-1] for cells in tables}
    even = len({len(cells) for cells in tables}) == 1 and len(tables[0]) > 1
    bare = even and OUTSIDE in lasts and all(map(TYPE.fullmatch, lasts))
    return bool(rows) and (2 * tagged > len(rows) or bare)


def records(
    path: Path, columns: Columns | None = None, *, tagged: bool = True
) -> Iterator[tuple[int, tuple[ColumnLayout | None, Sentence]]]:
    """Yield, for every sentence, the number of its first line, and the file's layout and the sentence.

    There is no layout before the first row. If not ``tagged``, only the tokens are read. Raises
    ``UserError`` for columns that the file does not have.
    """
    layout = None
    for sentence in _sentences(path, columns, tagged=tagged):
        if layout is None and sentence.rows:
            layout = _layout(path, sentence.rows[0], columns, tagged)
            if columns is None and tagged and layout.columns > 2:
                _refuse_numbers(path, layout)
            if layout.headed:
                del sentence.rows[0]
        for part in _divided(sentence, layout):
            if part.rows or part.head:
                yield part.line if part.head else part.rows[0][0], (layout, part)


def _divided(sentence: Sentence, layout: ColumnLayout | None) -> Iterator[Sentence]:
    """Yield the sentences that a column of posts distinguishes, or the sentence itself without one."""
    if layout is None or layout.post is None:
        yield sentence
        return
    part, current = Sentence(sentence.line), ""
    for row in sentence.rows:
        value = ([*layout.cells(row[1]), *[""] * layout.columns])[layout.post].strip()
        if value and value != current and part.rows:
            yield part
            part = Sentence(row[0])
        part.rows.append(row)
        current = value or current
    yield part


def to_post(path: Path, line: int, record: tuple[ColumnLayout | None, Sentence]) -> Post:
    """Parse one sentence; raises ``UserError`` for a line whose columns differ from the file's first."""
    layout, sentence = record
    identifier, images = named(sentence.head) if sentence.head else (f"{path.stem}-{line}", [])
    tokens, labels = _read(path, line, layout, sentence.rows) if layout else ([], [])
    return Post(identifier, tokens, labels, images=images)


def _read(path: Path, line: int, layout: ColumnLayout, rows: list[Row]) -> tuple[list[str], list[str]]:
    """Tokens and labels; the labels are all ``O`` if tags are not read."""
    if layout.tag is None:
        tokens = [layout.token_of(row) for _, row in rows]
        if _count(tokens):
            raise UserError(
                f"{path}:{line}: the first column counts the words. Leave a column of words (`cut -f2`)."
            )
        return tokens, [OUTSIDE] * len(tokens)
    if layout.columns < 2:
        raise UserError(
            f"{path}:{layout.line}: a token and its tag are expected, not one column. "
            "Divide the columns by a tab or a space."
        )
    table = []
    for number, row in rows:
        cells = layout.cells(row)
        if not layout.fits(cells):
            raise UserError(
                f"{path}:{number}: {layout} are expected as in line {layout.line}, not {row[:40]!r}. "
                "Mend the line; an empty line ends a sentence."
            )
        table.append(cells)
    if not layout.given and layout.columns > 2:
        _refuse_unclear_columns(table, f"{path}:{line}")
    return [cells[layout.token] for cells in table], [cells[layout.tag].strip(" ") for cells in table]


def line_of_token(record: tuple[ColumnLayout | None, Sentence], index: int) -> int:
    """The line of a token of a sentence."""
    return record[1].rows[index][0]


@dataclass(frozen=True, slots=True)
class Table:
    """What the columns of a file contain.

    Attributes:
        names: names of the columns, if the first line gives them.
        columns: number of columns in most rows.
        token: the first column that numbers neither tokens nor posts.
        tags: the columns that contain only tags, with the first tag of an entity in each.
        post: the column that numbers the posts, if there is one and no empty line divides them.
    """

    names: list[str]
    columns: int
    token: int
    tags: dict[int, str]
    post: int | None


def table_of(path: Path) -> Table:
    """What the columns of a file contain; rows without the usual number of columns are skipped."""
    sentences = [*_sentences(path)]
    rows = [_split(row) for sentence in sentences for _, row in sentence.rows]
    number = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    table = [cells for cells in rows if len(cells) == number]

    def tags(table: list[list[str]]) -> dict[int, str]:
        found = {column: _first_tag(table, column) for column in range(1, number)} if table else {}
        return {column: tag for column, tag in found.items() if tag}

    found, names = tags(table), []
    if not found and (found := tags(table[1:]) or _bare_types(table)):
        names = table[0]
    table = table[bool(names) :]
    others = [column for column in range(number) if number > 2 and column not in found]
    numbers = {column for column in others if all(cells[column].isdecimal() for cells in table)}
    if len(sentences) == 1:
        post = next(filter(partial(_numbers_posts, table), others), None)
    else:
        post = None
        numbers |= {column for column in others if _names_posts(sentences, column, number)}
    token = next((column for column in range(number) if column not in numbers | {post}), 0)
    return Table(names, number, token, found, post)


def _bare_types(table: list[list[str]]) -> dict[int, str]:
    """The last column and its first type, if the first row names that column, as ``tag`` does."""
    values = [cells[-1] for cells in table[1:]]
    named = bool(table) and table[0][-1].lower() in TAG_NAMES and table[0][-1] not in values
    found = next((value for value in values if value.upper() != OUTSIDE), "")
    return {len(table[0]) - 1: found} if named and found and OUTSIDE in values else {}


def _names_posts(sentences: list[Sentence], column: int, number: int) -> bool:
    """Whether a column has one value in each sentence after the first, one of which has several rows."""
    tables = ([_split(row) for _, row in sentence.rows] for sentence in sentences[1:])
    values = [[cells[column].strip() for cells in table if len(cells) == number] for table in tables]
    return any(len(each) > 1 for each in values) and all(len({*each} - {""}) < 2 for each in values)


def _numbers_posts(table: list[list[str]], column: int) -> bool:
    """Whether a column has values with digits, which stand in runs and never return; empty cells go on."""
    values = [cells[column].strip() for cells in table]
    begins = [value for before, value in pairwise(["", *values]) if value and value != before]
    numbered = bool(values and values[0]) and all(map(DIGIT.search, begins))
    return numbered and 1 < len({*begins}) == len(begins) < len(values)


def _sentences(path: Path, columns: Columns | None = None, *, tagged: bool = True) -> Iterator[Sentence]:
    """Yield the sentences, which may have heads if not ``tagged``."""
    comments = 0
    others = cache(lambda: _others(path, columns, tagged))  # read only if a row may be a comment
    for first, lines in blocks(path):
        sentence = Sentence(first)
        for number, row in enumerate(lines, start=first):
            if row.startswith("-DOCSTART-"):
                if sentence.rows:
                    yield sentence
                sentence = Sentence(number + 1)
            elif HASH.match(row) and not _is_token(row, *others()):
                comments += 1
            elif not tagged and _is_head(row) and not sentence.rows:
                sentence.head.append(row)
            else:
                sentence.rows.append((number, row))
        if sentence.rows or sentence.head:
            yield sentence
    if comments:
        logger.info("%s: comments: %d", path, comments)


def _others(path: Path, columns: Columns | None, tagged: bool) -> tuple[ColumnLayout | None, set[str]]:
    """The layout of the rows that cannot be comments, and the tags in them; nothing without such rows."""
    layout: ColumnLayout | None = None
    tags: set[str] = set()
    for first, lines in blocks(path):
        for number, row in enumerate(lines, start=first):
            if HASH.match(row) or row.startswith("-DOCSTART-") or (not tagged and _is_head(row)):
                continue
            layout = layout or _layout(path, (number, row), columns, tagged)
            if layout.fits(cells := layout.cells(row)):
                tags.add(_tag(layout, cells))
    return layout, tags


def _is_token(row: str, layout: ColumnLayout | None, tags: set[str]) -> bool:
    """Whether a row that begins like a comment ends in a tag, or has the layout and a tag of other rows."""
    if looks_like_tag(_split(row)[-1]):
        return True  # of too few columns, it is an error rather than a comment
    if layout is None or not layout.fits(cells := layout.cells(row)):
        return False
    return layout.columns == 1 or _tag(layout, cells) in tags or looks_like_tag(_tag(layout, cells))


def _tag(layout: ColumnLayout, cells: list[str]) -> str:
    return cells[-1 if layout.tag is None else layout.tag].strip(" ")


def _is_head(row: str) -> bool:
    return bool(HEAD.match(row)) and not looks_like_tag(_split(row)[-1])


def _split(row: str) -> list[str]:
    return row.rstrip("\t ").split("\t") if "\t" in row.strip("\t ") else re.split(" +", row.strip(" \t"))


def _layout(path: Path, row: Row, columns: Columns | None, tagged: bool) -> ColumnLayout:
    number, text = row
    cells = _split(text)
    separator = "\t" if "\t" in text.strip("\t ") else " "
    layout = ColumnLayout(separator, len(cells), number, 0, None, None, given=False, headed=False)
    if not tagged:
        table = table_of(path) if len(cells) > 1 else None
        if table is None or not table.tags:
            return layout
        return replace(layout, token=table.token, post=table.post, headed=cells == table.names)
    if columns is None:
        return replace(layout, tag=len(cells) - 1)
    place = f"{path}:{number}"
    token, tag = (_place(column, cells, place) for column in (columns.token, columns.tag))
    post = None if columns.post is None else _place(columns.post, cells, place)
    headed = isinstance(columns.token, str)
    return replace(layout, token=token, tag=tag, post=post, given=True, headed=headed)


def _place(column: int | str, cells: list[str], place: str) -> int:
    if isinstance(column, str):
        if column not in cells:
            raise UserError(
                f"{place}: columns: no column is called {column!r} among {listed(cells)}"
                f"{suggest(column, cells)}. Name one of them, or count from 0."
            )
        return cells.index(column)
    if not -len(cells) <= column < len(cells):
        raise UserError(
            f"{place}: columns: {column} is none of {quantity(len(cells), 'column')}. Count from 0."
        )
    return column % len(cells)


def _refuse_numbers(path: Path, layout: ColumnLayout) -> None:
    """Raise ``UserError`` if the first column holds no words."""
    table = table_of(path)
    if table.token:
        post = "" if table.post is None else f", post: {table.post}"
        raise UserError(
            f"{path}:{layout.line}: the first column counts the tokens or names the posts. Say what to read: "
            f"`columns: {{token: {table.token}, tag: -1{post}}}`; CoNLL-U has a `format: conllu` of its own."
        )


def _refuse_unclear_columns(table: list[list[str]], place: str) -> None:
    """Refuse to guess if several columns may be the tags."""
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


def _count(column: list[str]) -> bool:
    """Whether a column numbers the tokens from 1."""
    return len(column) > 2 and column == [str(number + 1) for number in range(len(column))]


def _first_tag(table: list[list[str]], column: int) -> str:
    """The first tag of an entity in a column of only tags; empty for any other column."""
    values = [cells[column] for cells in table]
    tags = (value for value in values if value.upper() != OUTSIDE)
    return next(tags, "") if all(map(looks_like_tag, values)) else ""
