"""The report: one page that opens from disk without a network, tables and plots inside it."""

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from mnerflow.files import read_text, write_text
from mnerflow.reporting.does_it_help import COLUMNS, interval, p_value, points
from mnerflow.reporting.tables import encoders, read_csv

SAYS = {
    "gains": "uses the image and gains",
    "loses": "uses the image and loses",
    "ignores": "ignores the image",
    "unclear": "cannot be told from the text alone on these data",
}


def write_page(
    out: Path, help_csv: Path, plots: Sequence[Path], tables: Sequence[Path], data_reports: Sequence[Path]
) -> None:
    """Write the report, atomically.

    Args:
        out: the page.
        help_csv: ``does_it_help.csv``, from which the answer is put into words.
        plots: SVG files, in the order in which they are shown.
        tables: Markdown files of the tables.
        data_reports: Markdown files, one a data set.
    """
    environment = Environment(loader=PackageLoader(__package__, "."), autoescape=select_autoescape(["j2"]))
    page = environment.get_template("page.html.j2").render(
        answers=answers(read_csv(help_csv, COLUMNS)),
        plots=[(_title(plot), _inline(plot)) for plot in plots],
        tables=[(_title(table), table.name, _html(table)) for table in tables],
        data_reports=[(report.stem, _html(report)) for report in data_reports],
    )
    write_text(out, page)


def answers(rows: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """A sentence a comparison of ``does_it_help.csv``, with its verdict and numbers in words."""
    return [
        {
            "dataset": row["dataset"],
            "verdict": row["verdict"],
            "model": f"{encoders(row)} {row['fusion']}",
            "says": SAYS[row["verdict"]],
            "numbers": _numbers(row),
        }
        for row in rows
    ]


def _numbers(row: dict[str, Any]) -> str:
    difference, low, high, p = (float(row[name]) for name in ("difference", "low", "high", "p_corrected"))
    text = f"{points(difference)} points of entity F1 ({interval(low, high)}, p {p_value(p)})"
    if row["drop_shuffled"]:
        text += f"; {points(0.0 - float(row['drop_shuffled']))} when its images are shuffled"
    return text


def _title(path: Path) -> str:
    return path.stem.replace("_", " ").replace(".", ": ", 1)


def _inline(plot: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(plot.read_bytes()).decode()


def _html(markdown: Path) -> Markup:
    """A Markdown file as HTML; HTML in it, as a post may contain, is shown and not obeyed."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("image", lambda *_: "")
    return Markup(reader.render(read_text(markdown)))
