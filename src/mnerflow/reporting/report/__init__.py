"""The report: one page that opens from disk without a network, with everything it shows inside it."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from mnerflow.evaluation.evidence import RULES
from mnerflow.files import read_text, write_text
from mnerflow.grid import Run
from mnerflow.reporting.does_it_help import COLUMNS
from mnerflow.reporting.report.answer import answers, headline
from mnerflow.reporting.report.gallery import POSTS, gallery
from mnerflow.reporting.report.tables import report_tables
from mnerflow.reporting.tables import read_csv

# Figures are told in this order; others follow by name. What stands here says how to read one.
CAPTIONS = {
    "forest": "What each fusion gains over its text-only twin, with its 95 % interval.",
    "ablations": "What the same weights lose when they are given wrong images.",
    "fusion_comparison": "Entity F1 of every fusion and seed, with the true, shuffled and blank images.",
    "per_type": "Entity F1 by entity type.",
    "cost": "Entity F1 against training time.",
    "training_curves": "Loss and dev score over the epochs of every run.",
    "confusion_matrix": "Gold tags against predicted ones, in the run that was best on dev.",
    "tag_distribution": "How often each tag stands in each split.",
}


@dataclass(frozen=True)
class Sources:
    """The files that a report is made of, all below the folder that it is written to.

    ``plots`` are SVG files, ``data_reports`` Markdown files, one a data set, ``posts`` the prepared test
    split of each data set and filter, ``predictions`` each run's on it, ``images`` the folder with the
    photos of each data set that has some, ``twins`` the text-only fusion that each fusion is compared with.
    """

    plots: Sequence[Path]
    data_reports: Sequence[Path]
    posts: Mapping[tuple[str, str], Path]
    predictions: Mapping[Run, Path]
    images: Mapping[str, Path]
    twins: Mapping[str, str | None]


def write_report(out: Path, sources: Sources) -> None:
    """Write the report to ``out``, atomically; tables and scores are read from ``out``'s folder.

    Raises ``UserError`` naming the file when a table is missing or lacks a column.
    """
    folder = out.parent
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found = answers(
        read_csv(folder / "tables/does_it_help.csv", COLUMNS),
        read_csv(folder / "tables/grid.csv", ("dataset", "sentences")),
    )
    shown = gallery(sources.posts, sources.predictions, sources.images, sources.twins)
    page = environment.get_template("page.html.j2").render(
        headline=headline(found),
        answers=found,
        rules=RULES,
        plots=[_figure(plot) for plot in sorted(sources.plots, key=_place)],
        tables=report_tables(folder),
        gallery=_json(shown),
        posts=sum(len(group["posts"]) for group in shown),
        most=POSTS,
        data_reports=[(report.stem, _html(report)) for report in sources.data_reports],
        table_style=Markup(_asset("dt_bundle.css")),
        modules=_json(
            {"imports": {"datatables": _data_url("text/javascript", _asset("dt_bundle.js").encode())}}
        ),
    )
    write_text(out, page)


def _figure(plot: Path) -> dict[str, str]:
    kind, _, dataset = plot.stem.partition(".")
    title = kind.replace("_", " ").capitalize() + (f": {dataset}" if dataset else "")
    source = _data_url("image/svg+xml", plot.read_bytes())
    return {"kind": kind, "title": title, "caption": CAPTIONS.get(kind, ""), "source": source}


def _place(plot: Path) -> tuple[int, str]:
    kind = plot.stem.partition(".")[0]
    return [*CAPTIONS, kind].index(kind), plot.stem


def _html(markdown: Path) -> Markup:
    """A Markdown file as HTML; HTML in it, as a post may contain, is shown and not obeyed."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("image", lambda *_: "")
    return Markup(reader.render(read_text(markdown)))


def _json(value: object) -> Markup:
    """JSON that may stand in a ``script`` element: no text in it can close that element."""
    return Markup(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def _asset(name: str) -> str:
    """A file of DataTables, as the wheel of itables carries it; importing itables would do much else."""
    return read_text(Path(distribution("itables").locate_file(f"itables/html/{name}")))


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{b64encode(data).decode()}"
