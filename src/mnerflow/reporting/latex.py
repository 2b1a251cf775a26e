r"""Tables in LaTeX: floats that fit the text of an article at 11 points.

They need ``\usepackage{booktabs,tabularx}``. A table is set in the largest type at which it fits. Where no
size fits, its text is broken into lines; a table that is still too wide or too long continues in another
float.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mnerflow.reporting.render import ABSENT, Rendered

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "|": r"\textbar{}",
        "[": "{[}",  # at the beginning of a row it would start an option, as would a star
        "*": "{*}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "±": r"$\pm$",
        "–": "--",
        "−": "$-$",
        "→": r"$\to$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        **{character: f"\\{character}" for character in "&%$#_{}"},
    }
)
_MARKUP = {
    "strong_open": r"\textbf{",
    "em_open": r"\emph{",
    "strong_close": "}",
    "em_close": "}",
    "softbreak": " ",
    "hardbreak": " ",
}
_MARKDOWN = MarkdownIt("commonmark", {"html": False})

# Points, for an article at 11 points on the smaller of the usual paper sizes.
WIDTH, HEIGHT = 360, 540
GAP = 6  # between two columns
CAPTION, BELOW, RULES = 13.6, 11, 60  # a line of the caption, a line below the table, rules and spaces
CHARACTERS, CHARACTERS_BELOW = 70, 88  # in such a line
SIZES = {
    "small": (5.0, 12),
    "footnotesize": (4.63, 11),
    "scriptsize": (4.25, 9.5),
}  # digit width, line height
NARROW = 13  # digits: text is not broken into lines shorter than this
_WIDE = re.compile(r"[A-Z+±−<>=%mw]")
_SLIM = re.compile(r"[ .,:;'()\[\]|/ijltfI-]")


def latex(table: Rendered, label: str) -> str:
    r"""The table for ``\input``, and those that follow it, labelled ``label`` or ``<label>:<name>``.

    A table without rows becomes its caption as plain text.
    """
    table_label = ":".join(filter(None, (label, re.sub(r"[^\w.+:-]+", "-", table.name))))
    notes = [rf"\noindent{{\footnotesize {latex_text(note)}\par}}" for note in table.notes]
    floats = [*_floats(table, table_label)] if table.rows else [latex_text(table.caption)]
    return "\n".join([*floats, *notes, "", *(latex(each, label) for each in table.further)])


def latex_escape(text: str) -> str:
    """``text`` with LaTeX's special characters escaped."""
    return text.translate(_LATEX)


def latex_text(markdown: str) -> str:
    """A paragraph of Markdown in LaTeX; code, bold and emphasis are kept, links are reduced to their text."""
    return "".join(
        _of_token(token) for block in _MARKDOWN.parseInline(markdown) for token in block.children or ()
    )


def _of_token(token: Token) -> str:
    if token.type == "code_inline":
        return rf"\texttt{{{_breakable(latex_escape(token.content))}}}"
    return _MARKUP.get(token.type, latex_escape(token.content))


def _breakable(escaped: str) -> str:
    return re.sub(r"(\+|/|\\_)(?!$)", r"\1\\allowbreak{}", escaped)


def _cell(text: str) -> str:
    code = re.fullmatch("`(.+)`", text)
    return rf"\texttt{{{latex_escape(code[1])}}}" if code else latex_escape(text)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column in LaTeX: lines of its head, cells, widths in digits, and whether its cells are numbers."""

    head: Sequence[str]
    cells: Sequence[str]
    lengths: Sequence[float]
    width: float
    least: float  # width when its text is broken into lines
    number: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """A row: its number, the heading that it shares with its neighbours, and the numbers of its remarks."""

    row: int
    heading: str
    remarks: Sequence[int]


def _length(text: str) -> float:
    wide, slim = len(_WIDE.findall(text)), len(_SLIM.findall(text))
    return len(text) + 0.55 * wide - 0.3 * slim


def _floats(table: Rendered, label: str) -> Iterator[str]:
    heads, rows, legend = table.numbered()
    of_row = [[legend[remark] for remark in remarks] for remarks in table.remarks] or [[] for _ in rows]
    shared = [_heading([row[x] for x in sorted(table.headings)]) for row in rows]
    lines = [_Line(y, *each) for y, each in enumerate(zip(shared, of_row, strict=True))]
    columns = [_column(table, head, rows, x) for x, head in enumerate(heads) if x not in table.headings]
    remarks = {number: f"{number}. {remark}" for remark, number in legend.items()}
    room = HEIGHT - RULES - CAPTION * _lines(table.caption, CHARACTERS)
    caption = [rf"\caption{{{latex_text(table.caption)}}}", rf"\label{{{label}}}"]
    for part in _parts(columns):
        layout = _Layout.of(part)
        for page in layout.pages(lines, remarks, room):
            below = [remarks[number] for number in sorted({n for line in page for n in line.remarks})]
            yield layout.float(page, caption, below)
            caption = [r"\addtocounter{table}{-1}", r"\caption[]{(continued)}"]


def _heading(cells: Sequence[str]) -> str:
    return ", ".join(cell for cell in cells if cell != ABSENT) or (ABSENT if cells else "")


def _lines(text: str, characters: int) -> int:
    return ceil(len(text) / characters)


def _column(table: Rendered, title: str, rows: Sequence[Sequence[str]], x: int) -> _Column:
    cells, lengths = [], []
    for y, row in enumerate(rows):
        cell, length = _cell(row[x]), _length(row[x])
        if (y, x) in table.bold:
            cell, length = rf"\textbf{{{cell}}}", 1.15 * length
        if (y, x) in table.citations:
            cell, length = rf"\cite{{{table.citations[y, x]}}}", 4.0
        cells.append(cell)
        lengths.append(length)
    words = [*map(_length, title.split())]
    width = max(*lengths, *words)
    pieces = [_length(piece) for row in rows for piece in re.split(r"(?<=[+/_-])| ", row[x])]
    least = width if x in table.numbers else min(width, max(NARROW, *pieces, *words))
    return _Column([*_head(title, width)], cells, lengths, width, least, x in table.numbers)


def _head(title: str, width: float) -> Iterator[str]:
    """Lines of a head that are no wider than the column."""
    line = ""
    for word in title.split():
        if line and _length(f"{line} {word}") > width:
            yield latex_escape(line)
            line = ""
        line = f"{line} {word}".strip()
    yield latex_escape(line)


def _parts(columns: Sequence[_Column]) -> Iterator[list[_Column]]:
    """Groups of columns that fit side by side; each begins with the columns before the first number."""
    first = next((x for x, column in enumerate(columns) if column.number), len(columns))
    key, part = columns[:first], [*columns[:first]]
    for column in columns[first:]:
        if len(part) > len(key) and _total((each.least for each in [*part, column]), "scriptsize") > WIDTH:
            yield part
            part = [*key]
        part.append(column)
    yield part


def _total(widths: Iterable[float], size: str) -> float:
    return sum(width * SIZES[size][0] + GAP for width in widths) - GAP


@dataclass(frozen=True, slots=True)
class _Layout:
    """Columns side by side; ``broken`` gives the line width, in digits, of those whose text is broken."""

    columns: Sequence[_Column]
    size: str
    broken: Mapping[int, float]

    @classmethod
    def of(cls, columns: Sequence[_Column]) -> "_Layout":
        """The layout with the largest type at which all columns fit, its text broken into lines if needed."""
        for size in SIZES:
            if _total((column.width for column in columns), size) <= WIDTH:
                return cls(columns, size, {})
        fits = _total((column.least for column in columns), "footnotesize") <= WIDTH
        size = "footnotesize" if fits else "scriptsize"
        needs = {x: column.width - column.least for x, column in enumerate(columns)}
        left = (WIDTH - _total((column.least for column in columns), size)) / SIZES[size][0]
        lines = {x: columns[x].least + left * need / sum(needs.values()) for x, need in needs.items() if need}
        return cls(columns, size, lines)

    def pages(self, lines: Sequence[_Line], remarks: Mapping[int, str], room: float) -> Iterator[list[_Line]]:
        """Rows that fit ``room`` points with their remarks; a heading's rows stay together where they fit."""
        page: list[_Line] = []
        for _, group in groupby(lines, key=lambda line: line.heading):
            members = list(group)
            if page and members[0].heading and self._height([*page, *members], remarks) > room:
                yield page
                page = []
            for line in members:
                if page and self._height([*page, line], remarks) > room:
                    yield page
                    page = []
                page.append(line)
        yield page

    def _height(self, lines: Sequence[_Line], remarks: Mapping[int, str]) -> float:
        rows = 0.0
        for line in lines:
            rows += max(
                (ceil(1.1 * self.columns[x].lengths[line.row] / limit) for x, limit in self.broken.items()),
                default=1,
            )
        headings = len({line.heading for line in lines} - {""})
        below = sum(
            _lines(remarks[number], CHARACTERS_BELOW)
            for number in {number for line in lines for number in line.remarks}
        )
        return (rows + 1.5 * headings) * SIZES[self.size][1] + below * BELOW

    def float(self, page: Sequence[_Line], caption: Sequence[str], below: Sequence[str]) -> str:
        """A float of these rows, with the lines of its caption above and remarks in Markdown below."""
        environment = r"tabularx}{\linewidth" if self.broken else "tabular"
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                *caption,
                r"\par\smallskip",
                rf"\{self.size}\setlength{{\tabcolsep}}{{{GAP / 2:g}pt}}%",
                rf"\begin{{{environment}}}{{@{{}}{''.join(map(self._kind, range(len(self.columns))))}@{{}}}}",
                r"\toprule",
                " & ".join(map(_stacked, self.columns)) + r" \\",
                r"\midrule",
                *self._body(page),
                r"\bottomrule",
                rf"\end{{{environment.split('}')[0]}}}",
                *([r"\par\smallskip"] if below else []),
                *(rf"\par{{\footnotesize\raggedright {latex_text(remark)}\par}}" for remark in below),
                r"\end{table}",
            ]
        )

    def _kind(self, x: int) -> str:
        if x not in self.broken:
            return "r" if self.columns[x].number else "l"
        share = self.broken[x] * len(self.broken) / sum(self.broken.values())
        return rf">{{\hsize={share:.2f}\hsize\linewidth=\hsize\raggedright\arraybackslash}}X"

    def _body(self, page: Sequence[_Line]) -> Iterator[str]:
        for heading, lines in groupby(page, key=lambda line: line.heading):
            if heading:
                yield from [r"\addlinespace"] if page[0].heading != heading else []
                long = _length(heading) * SIZES[self.size][0] > WIDTH
                kind = r"p{\linewidth}@{}" if long else "l"
                text = rf"\raggedright\itshape {_breakable(latex_escape(heading))}"
                yield rf"\multicolumn{{{len(self.columns)}}}{{@{{}}{kind}}}{{{text}}} \\"
            for line in lines:
                cells = [
                    _breakable(column.cells[line.row]) if x in self.broken else column.cells[line.row]
                    for x, column in enumerate(self.columns)
                ]
                yield " & ".join(cells) + r" \\"


def _stacked(column: _Column) -> str:
    if len(column.head) == 1:
        return column.head[0]
    lines = r"\\".join(column.head)
    return rf"\shortstack[{'r' if column.number else 'l'}]{{{lines}}}"
