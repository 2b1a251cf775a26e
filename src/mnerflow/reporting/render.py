"""Tables for readers: in Markdown, or as plain text for a terminal (for LaTeX see ``latex``)."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import stdev
from textwrap import fill

from tabulate import tabulate

from mnerflow.errors import printable

ABSENT = "–"
TERMINAL = 120  # columns


@dataclass
class Rendered:
    """A table ready to print: a caption, column heads, rows, and remarks on each row.

    Equal remarks share a number, shown in a last column and explained below the table. Caption, remarks and
    notes are Markdown.

    Attributes:
        bold: ``(row, column)`` of the cells that are set in bold.
        notes: paragraphs below the table.
        name: distinguishes the table from others in its file.
        numbers: columns that are aligned to the right.
        headings: columns that LaTeX sets as a line above the rows that share their values.
        citations: key of the publication that LaTeX cites in a cell, by ``(row, column)``.
        further: tables that follow this one in Markdown and LaTeX.
    """

    caption: str
    columns: Sequence[str]
    rows: list[list[str]]
    remarks: list[list[str]] = field(default_factory=list)
    bold: set[tuple[int, int]] = field(default_factory=set)
    notes: Sequence[str] = ()
    name: str = ""
    numbers: Collection[int] = ()
    headings: Collection[int] = ()
    citations: Mapping[tuple[int, int], str] = field(default_factory=dict)
    further: Sequence["Rendered"] = ()

    def markdown(self) -> str:
        """The table in GitHub's Markdown, with its caption above and its remarks below."""
        columns, rows, legend = self.numbered()
        escaped = self.emphasized([[*map(markdown_escape, cells)] for cells in rows], "**{}**")
        table = markdown_table([*map(markdown_escape, columns)], escaped) if rows else ""
        remarks = "\n".join(f"{number}. {remark}" for remark, number in legend.items())
        text = "\n\n".join(filter(None, [self.caption, table, remarks, *self.notes])) + "\n"
        return "\n".join([text, *(each.markdown() for each in self.further)])

    def console(self) -> str:
        """The table in aligned plain text, within ``TERMINAL`` columns if wrapping names is enough for that.

        Names are in the first two columns. They are wrapped at blanks alone, so that a folder can be copied.
        Caption and remarks are wrapped at 100 columns.
        """
        wrapped = partial(fill, width=100)
        columns, rows, legend = self.numbered()
        plain = partial(
            tabulate, rows, columns, "simple",
            disable_numparse=True, break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        table = plain()
        if rows and (surplus := max(map(len, table.split("\n"))) - TERMINAL) > 0:
            widths: list[int | None] = [None] * len(columns)
            for x, cells in enumerate([*zip(columns, *rows, strict=True)][:2]):
                widths[x] = width = _narrowed(*cells, by=surplus)
                surplus -= max(map(len, cells)) - width
            table = plain(maxcolwidths=widths)
        remarks = [wrapped(f"{n}. {remark}", subsequent_indent="   ") for remark, n in legend.items()]
        notes = map(wrapped, self.notes)
        return "\n".join([wrapped(self.caption), "", table, *remarks, *notes, ""])

    def emphasized(self, rows: list[list[str]], form: str) -> list[list[str]]:
        """The rows, with this form applied to the cells in ``bold``."""
        return [
            [form.format(cell) if (y, x) in self.bold else cell for x, cell in enumerate(row)]
            for y, row in enumerate(rows)
        ]

    def numbered(self) -> tuple[list[str], list[list[str]], dict[str, int]]:
        """Columns and rows with the numbers of remarks, each cell on one line; and each remark's number."""
        legend: dict[str, int] = {}
        for remarks in self.remarks:
            for remark in remarks:
                legend.setdefault(remark, len(legend) + 1)
        columns, *rows = ([*map(_one_line, cells)] for cells in (self.columns, *self.rows))
        if not legend:
            return columns, rows, legend
        numbers = [", ".join(str(n) for n in sorted(legend[r] for r in remarks)) for remarks in self.remarks]
        rows = [[*row, number] for row, number in zip(rows, numbers, strict=True)]
        return [*columns, "note"], rows, legend


def _one_line(cell: str) -> str:
    return " ".join(printable(cell).split("\n"))


def _narrowed(head: str, *names: str, by: int) -> int:
    """The width of a column after making it narrower, as far as its heading and its words allow."""
    words = " ".join(names).split()
    return max(max(map(len, (head, *names))) - by, *map(len, (head, *words)))


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in GitHub's Markdown from cells that are Markdown."""
    return tabulate(rows, columns, "pipe", disable_numparse=True)


def markdown_escape(cell: str) -> str:
    """Escape a cell for Markdown; in code, only ``|`` is escaped, because it would end the cell."""
    special = r"\|" if cell.startswith("`") else r"[\\`*\[\]<&|]|(?<![^\W_])_|_(?![^\W_])"
    return re.sub(special, r"\\\g<0>", cell)


def percent(value: float | None) -> str:
    """``0.8312`` as ``"83.12"``, ``None`` as a dash."""
    return ABSENT if value is None else f"{100 * value:.2f}"


def share(value: float) -> str:
    """A share of posts or entities, ``0.2053`` as ``"20.5"``."""
    return f"{100 * value:.1f}"


def spread(mean: float | None, sd: float | None) -> str:
    """Mean and standard deviation in percent: ``"83.12 ± 0.40"``, or the mean alone without a deviation."""
    return percent(mean) if sd is None else f"{percent(mean)} ± {percent(sd)}"


def between(low: float | None, high: float | None) -> str:
    """An interval of fractions in percent: ``"86.4–89.7"``."""
    return ABSENT if low is None or high is None else f"{100 * low:.1f}–{100 * high:.1f}"


def points(value: float | None) -> str:
    """A difference in percentage points with its sign: ``"+1.25"``."""
    return ABSENT if value is None else f"{100 * value:+z.2f}".replace("-", "−")


def interval(low: float, high: float) -> str:
    """``"+0.31 to +2.10"`` in percentage points."""
    return f"{points(low)} to {points(high)}"


def p_value(p: float) -> str:
    """A p-value with three decimals, or ``"<0.001"``."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def p_said(p: float) -> str:
    """A p-value for a sentence, with no-break spaces: ``"p = 0.010"``, ``"p < 0.001"``."""
    text = p_value(p)
    return f"p\u00a0<\u00a0{text[1:]}" if text.startswith("<") else f"p\u00a0=\u00a0{text}"


def joined(words: Sequence[str]) -> str:
    """``"one, two and three"``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def source_words(source: str) -> str:
    """``"image+caption"`` as ``"image and caption"``."""
    return source.replace("+", " and ")


def deviation(values: Sequence[float]) -> float | None:
    """The sample standard deviation; ``None`` for fewer than three values, which say too little about it."""
    return stdev(values) if len(values) > 2 else None
