"""Cells as a person reads them: in Markdown, in LaTeX with booktabs, or as plain text for a terminal."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import stdev
from textwrap import fill

from tabulate import tabulate

from mnerflow.errors import printable

ABSENT = "–"
TERMINAL = 120  # columns

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "|": r"\textbar{}",
        "[": "{[}",  # at the beginning of a row it would be an option, and so would a star
        "*": "{*}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "±": r"$\pm$",
        "–": "--",
        "−": "$-$",
        **{character: f"\\{character}" for character in "&%$#_{}"},
    }
)


@dataclass
class Rendered:
    """A table ready to print: a caption, column heads, rows, and remarks on each row.

    Equal remarks share a number, shown in a last column and explained below the table. ``bold`` holds the
    ``(row, column)`` of cells to be set bold, ``notes`` the paragraphs that stand below.
    """

    caption: str
    columns: Sequence[str]
    rows: list[list[str]]
    remarks: list[list[str]] = field(default_factory=list)
    bold: set[tuple[int, int]] = field(default_factory=set)
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """The table in GitHub's Markdown, its caption above and its remarks below."""
        columns, rows, legend = self._numbered()
        escaped = self._emphasized([[*map(markdown_escape, cells)] for cells in rows], "**{}**")
        table = markdown_table([*map(markdown_escape, columns)], escaped) if rows else ""
        remarks = "\n".join(f"{number}. {remark}" for remark, number in legend.items())
        return "\n\n".join(filter(None, [self.caption, table, remarks, *self.notes])) + "\n"

    def latex(self) -> str:
        r"""The table as a float for ``\input``; it needs ``\usepackage{booktabs,graphicx}``."""
        columns, rows, legend = self._numbered()
        escaped = self._emphasized([[latex_escape(cell) for cell in row] for row in rows], r"\textbf{{{}}}")
        head, *body = [" & ".join(row) + r" \\" for row in [map(latex_escape, columns), *escaped]]
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                rf"\caption{{{latex_escape(self.caption)}}}",
                r"\resizebox{\linewidth}{!}{%",
                rf"\begin{{tabular}}{{{'l' * len(columns)}}}",
                r"\toprule",
                head,
                r"\midrule",
                *body,
                r"\bottomrule",
                r"\end{tabular}}",
                *(rf"\par{{\footnotesize {n}. {latex_escape(remark)}\par}}" for remark, n in legend.items()),
                *(rf"\par{{\footnotesize {latex_escape(note)}\par}}" for note in self.notes),
                r"\end{table}",
                "",
            ]
        )

    def console(self) -> str:
        """The table in aligned plain text, at most ``TERMINAL`` columns where wrapping names can do it.

        Caption and remarks are wrapped at 100 columns.
        """
        wrapped = partial(fill, width=100)
        columns, rows, legend = self._numbered()
        plain = partial(tabulate, rows, columns, "simple", disable_numparse=True)
        table = plain()
        if rows and (surplus := max(map(len, table.split("\n"))) - TERMINAL) > 0:
            names = max(len(row[0]) for row in rows)
            table = plain(maxcolwidths=[max(len(columns[0]), names - surplus), *[None] * (len(columns) - 1)])
        remarks = [wrapped(f"{n}. {remark}", subsequent_indent="   ") for remark, n in legend.items()]
        notes = map(wrapped, self.notes)
        return "\n".join([wrapped(self.caption), "", table, *remarks, *notes, ""])

    def _emphasized(self, rows: list[list[str]], form: str) -> list[list[str]]:
        return [
            [form.format(cell) if (y, x) in self.bold else cell for x, cell in enumerate(row)]
            for y, row in enumerate(rows)
        ]

    def _numbered(self) -> tuple[list[str], list[list[str]], dict[str, int]]:
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


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in GitHub's Markdown, of cells that are Markdown."""
    return tabulate(rows, columns, "pipe", disable_numparse=True)


def markdown_escape(cell: str) -> str:
    """A cell as Markdown shows it unchanged; of one that is code only ``|`` is escaped, which ends a cell."""
    special = r"\|" if cell.startswith("`") else r"[\\`*\[\]<&|]|(?<![^\W_])_|_(?![^\W_])"
    return re.sub(special, r"\\\g<0>", cell)


def latex_escape(text: str) -> str:
    """``text`` with LaTeX's special characters made harmless."""
    return text.translate(_LATEX)


def percent(value: float | None) -> str:
    """``0.8312`` as ``"83.12"``, ``None`` as a dash."""
    return ABSENT if value is None else f"{100 * value:.2f}"


def spread(mean: float | None, sd: float | None) -> str:
    """Mean and standard deviation in percent: ``"83.12 ± 0.40"``, without ``±`` where it is not known."""
    return percent(mean) if sd is None else f"{percent(mean)} ± {percent(sd)}"


def between(low: float | None, high: float | None) -> str:
    """An interval of fractions in percent: ``"86.4–89.7"``."""
    return ABSENT if low is None or high is None else f"{100 * low:.1f}–{100 * high:.1f}"


def points(value: float | None) -> str:
    """A difference in percentage points with its sign: ``"+1.25"``."""
    return ABSENT if value is None else f"{100 * value:+.2f}".replace("-", "−")


def interval(low: float, high: float) -> str:
    """``"+0.31 to +2.10"`` in percentage points."""
    return f"{points(low)} to {points(high)}"


def p_value(p: float) -> str:
    """Three decimals, ``"<0.001"`` below."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def listed(words: Sequence[str]) -> str:
    """``"one, two and three"``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def deviation(values: Sequence[float]) -> float | None:
    """The sample standard deviation; ``None`` of fewer than three values, which tell too little of it."""
    return stdev(values) if len(values) > 2 else None
