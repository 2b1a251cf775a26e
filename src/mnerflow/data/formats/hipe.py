"""HIPE's tables of historical newspapers: named columns, one token per line, documents divided by comments.

``columns`` names the columns to read, by default ``TOKEN`` and ``NE-COARSE-LIT``. Flags in the column
``MISC`` say where a sentence ends. A document without such flags is split into sentences by the rules of its
language, after its text has been joined as ``NoSpaceAfter`` says. A post is a sentence, and its ``group`` is
the document.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mnerflow.data.config import Columns
from mnerflow.data.post import Post
from mnerflow.data.tags import OUTSIDE
from mnerflow.errors import UserError, listed, quantity, suggest
from mnerflow.files.reading import read_lines

OPTIONS = ("columns",)
COLUMNS = Columns(token="TOKEN", tag="NE-COARSE-LIT")
OF_DOCUMENT = re.compile(r"#\s*(?:[\w-]+:)?(document_id|language)\s*=\s*(.+)")
FLAGS = "MISC"


@dataclass(slots=True)
class Passage:
    """A document or a part of it: tokens with their lines, tags and flags."""

    document: str
    language: str
    lines: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def part(self, start: int, end: int) -> "Passage":
        """The tokens from ``start`` to before ``end``."""
        return Passage(
            self.document,
            self.language,
            self.lines[start:end],
            self.tokens[start:end],
            self.tags[start:end],
            self.flags[start:end],
        )


def looks_like(start: str) -> bool:
    """Whether the start of a file names HIPE's columns."""
    return start.startswith("TOKEN\tNE-")


def records(path: Path, columns: Columns = COLUMNS, *, tagged: bool = True) -> Iterator[tuple[int, Passage]]:
    """Yield, for every sentence, the number of its first line and the sentence.

    If not ``tagged``, the column of tags is not read. Raises ``UserError`` for a column that the file does
    not have, and for a line with too few columns.
    """
    for document in _documents(path, columns, tagged):
        ends = [index + 1 for index, flags in enumerate(document.flags) if "EndOfSentence" in flags]
        ends = ends or _ends(document)
        for start, end in zip([0, *ends], [*ends, len(document.tokens)], strict=True):
            if start < end:
                yield document.lines[start], document.part(start, end)


def to_post(path: Path, line: int, record: Passage) -> Post:
    """A sentence as a post."""
    identifier = f"{path.stem}-{line}"
    return Post(identifier, record.tokens, record.tags, language=record.language, group=record.document)


def line_of_token(record: Passage, index: int) -> int:
    """The line of a token of a sentence."""
    return record.lines[index]


def _documents(path: Path, columns: Columns, tagged: bool) -> Iterator[Passage]:
    document = Passage("", "")
    lines = read_lines(path)
    names = next(lines, (1, ""))[1].split("\t")
    token = _column(columns.token, names, path)
    tag = _column(columns.tag, names, path) if tagged else None
    flags = names.index(FLAGS) if FLAGS in names else None
    for number, line in lines:
        if said := OF_DOCUMENT.match(line):
            if said[1] == "document_id":
                yield document
                document = Passage(said[2].strip(), document.language)
            else:
                document.language = said[2].strip()
        elif line.strip() and not line.startswith("# "):
            cells = line.split("\t")
            if len(cells) <= max(token, tag or 0):
                raise UserError(
                    f"{path}:{number}: {quantity(len(names), 'column')} divided by tabs expected, not "
                    f"{line[:40]!r}. Mend the line."
                )
            document.lines.append(number)
            document.tokens.append(cells[token])
            document.tags.append(OUTSIDE if tag is None else cells[tag])
            document.flags.append(cells[flags] if flags is not None and flags < len(cells) else "")
    yield document


def _column(name: int | str, names: list[str], path: Path) -> int:
    if isinstance(name, int) and -len(names) <= name < len(names):
        return name % len(names)
    if name not in names:
        raise UserError(
            f"{path}:1: columns: no column is called {name!r} among {listed(names)}"
            f"{suggest(str(name), names)}. Name one of them."
        )
    return names.index(str(name))


def _ends(document: Passage) -> list[int]:
    """Where sentences end in a document without flags, as token indices (exclusive), without the last end."""
    from mnerflow.data.tokenizers import sentences  # needs ICU, which other formats do not

    text, starts = "", []
    for token, flags in zip(document.tokens, document.flags, strict=True):
        starts.append(len(text))
        text += token if "NoSpaceAfter" in flags else f"{token} "
    firsts = [start for start, _ in sentences(text, document.language or "en")][1:]
    return sorted({bisect_left(starts, first) for first in firsts})
