"""Plain CoNLL: a token a line, the tag in the last column, an empty line between sentences.

Columns are divided by one tab or one space, the same throughout a file. Posts have no ids and
no images here: the id is made of the file's name and the line on which the sentence begins.
Lines that begin with ``-DOCSTART-`` divide documents and are no sentences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mnerflow.data.formats._blocks import blocks
from mnerflow.data.formats._check import check_post
from mnerflow.data.post import Post
from mnerflow.errors import UserError

TAG = re.compile(r"[\t ](O|[BIESLUM]-\S+)\s*$")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the first sentence of a file divides its columns, which holds for all others."""

    separator: str
    columns: int
    line: int

    def __str__(self) -> str:
        return f"{self.columns} columns divided by a {'tab' if self.separator == chr(9) else 'space'}"


def looks_like(start: str) -> bool:
    """Whether a file that begins so has a tag at the end of each line, in most of its lines."""
    whole = start.split("\n")[:-1] or [start]  # the last line may be cut
    rows = [row for row in whole if row.strip() and not row.startswith("-DOCSTART-")]
    tagged = [row for row in rows if len(row.split("\t" if "\t" in row else " ")) > 1 and TAG.search(row)]
    return 2 * len(tagged) > len(rows)


def records(path: Path) -> Iterator[tuple[int, tuple[Layout, list[str]]]]:
    """Yield the lines of every sentence, the number of its first line, and the file's layout."""
    layout = None
    for line, lines in blocks(path):
        if lines[0].startswith("-DOCSTART-"):
            line, lines = line + 1, lines[1:]
            if not lines:
                continue
        if layout is None:
            separator = "\t" if "\t" in lines[0] else " "
            layout = Layout(separator, lines[0].count(separator) + 1, line)
        yield line, (layout, lines)


def to_post(path: Path, line: int, record: tuple[Layout, list[str]]) -> Post:
    """Parse one sentence; raises ``UserError`` for a line whose columns differ from the file's first."""
    layout, rows = record
    if layout.columns < 2:
        raise UserError(
            f"{path}:{layout.line}: a token and its tag are expected, not one column. "
            "Divide the columns by a tab or a space."
        )
    tokens, labels = [], []
    for number, row in enumerate(rows, start=line):
        cells = row.split(layout.separator)
        if len(cells) != layout.columns:
            raise UserError(
                f"{path}:{number}: {layout} are expected as in line {layout.line}, not {row[:40]!r}. "
                "Mend the line; an empty line ends a sentence."
            )
        tokens.append(cells[0])
        labels.append(cells[-1])
    if layout.columns > 2 and len(rows) > 2 and tokens == [str(number + 1) for number in range(len(rows))]:
        raise UserError(
            f"{path}:{line}: the first column counts the tokens. Leave a column of tokens and one of tags "
            "(`cut -f2,3`)."
        )
    return check_post(Post(f"{path.stem}-{line}", tokens, labels), path, line, line)
