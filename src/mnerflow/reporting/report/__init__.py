"""The report: a single page that contains everything it shows and opens from disk without a network."""

import io
import json
import os
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from PIL import Image

from mnerflow.data.tags import TypeNames
from mnerflow.evaluation.comparison import rules
from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.scores import best_run, read_scores
from mnerflow.files.reading import read_text
from mnerflow.files.writing import write_text
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.datasets import Kind
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.record import TrainingRecord
from mnerflow.reporting import churn, does_it_help, pooled, summary
from mnerflow.reporting.answer import answers
from mnerflow.reporting.reading import what_is_read
from mnerflow.reporting.report.gallery import gallery
from mnerflow.reporting.report.made import made
from mnerflow.reporting.report.tables import report_tables
from mnerflow.reporting.unread import TABLE as UNREAD
from mnerflow.reporting.unread import unread_rows

# Figures are shown in this order; others follow by name. For each: how to read it, and the file that it is
# drawn from.
CAPTIONS = {
    "pooled": (
        "What a source is worth on average over all models that read it, with the 95 % interval; filled "
        "where the interval excludes 0. Real and synthetic data have separate scales.",
        "tables/pooled.csv",
    ),
    "forest": (
        "What each run gains over its baseline, with its 95 % interval; filled where it is significant.",
        "tables/does_it_help.csv",
    ),
    "strata": (
        "What each run with two seeds or more gains within strata of the test split, with the number of gold "
        "entities in brackets; filled where it is significant.",
        "tables/strata.csv",
    ),
    "ablations": (
        "What trained models lose when a source is shuffled or blank.",
        "tables/does_it_help.csv",
    ),
    "churn": (
        "Test posts that two runs tag differently: two seeds of one model; a model and its baseline without "
        "the source, with different seeds; the same model with the source shuffled or blank. A line is the "
        "range over pairs of runs.",
        "tables/churn.csv",
    ),
    "fusion_comparison": (
        "Entity F1 of every fusion and seed, with the true, shuffled and blank images.",
        "scores.csv",
    ),
    "per_type": (
        "Entity F1 by entity type. A bar is one standard deviation to either side. image_only is left out.",
        "tables/per_type.csv",
    ),
    "reliability": (
        "How often predicted entities are right, by the model's confidence, in bins of equal size. Below the "
        "diagonal, a model is overconfident.",
        "tables/reliability.csv",
    ),
    "cost": (
        "Entity F1 against training time, not counting a run that training starts from. A bar is one "
        "standard deviation to either side. image_only is left out.",
        "tables/cost.csv",
    ),
    "learning_curve": (
        "Entity F1 against the number of training posts. A bar is the 95 % interval of the mean. image_only "
        "is left out.",
        "tables/learning_curve.csv",
    ),
    "training_curves": (
        "Loss and dev score over the epochs of every run. Losses of a softmax and a CRF are not comparable.",
        "runs/",
    ),
    "confusion_matrix": ("Gold tags against predicted tags, in the run with the best dev score.", None),
    "tag_distribution": ("How often each tag occurs in each split.", None),
}
FULL = 300  # points: a wider plot was drawn for two columns and gets the width of the page
READER = MarkdownIt("commonmark", {"html": False}).enable("table")
PICTURE = 1200  # pixels: longer side of a picture in a data report, unless it is a vector drawing


@dataclass(frozen=True)
class Contents:
    """What a report is made of besides scores and tables; its files are below the report's folder.

    Attributes:
        plots: SVG files.
        data_reports: Markdown files, one per data set, with their pictures in the same folder.
        posts: the prepared test split of each data set and filter.
        counts: each run's counts on the test split.
        images: the folder of each data set that has photos.
        baselines: the baselines of each combination.
        type_names: displayed names of entity types, by data set.
        kinds: what each data set is.
        contexts: the contexts that each variant reads.
        pools: the share of the training posts that each variant learns from.
        records: the records of the trained runs.
        method: link to the description of the method.
    """

    plots: Sequence[Path]
    data_reports: Sequence[Path]
    posts: Mapping[tuple[str, str], Path]
    counts: Mapping[Run, Counts]
    images: Mapping[str, Path]
    baselines: Baselines
    type_names: TypeNames
    kinds: Mapping[str, Kind]
    contexts: Mapping[str, Sequence[str]]
    pools: SeedPools
    records: Sequence[TrainingRecord]
    method: str


def write_report(out: Path, contents: Contents) -> None:
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
    compared = does_it_help.TABLE.read(folder / "tables/does_it_help.csv")
    grid = summary.GRID.read(folder / "tables/grid.csv")
    on_average = pooled.TABLE.read(folder / "tables/pooled.csv")
    found = answers(compared, grid, contents.kinds, contents.pools, on_average)
    posts = gallery(contents.posts, contents.counts, contents.images, contents.baselines, contents.type_names)
    figures = [_figure(plot, folder) for plot in sorted(contents.plots, key=_place)]
    page = environment.get_template("page.html.j2").render(
        found=found,
        read=what_is_read(map(Combination.of, grid), contents.contexts, contents.kinds),
        made=made(contents.records),
        method=contents.method,
        churn=churn.churn_sentences(churn.TABLE.read(folder / "tables/churn.csv")),
        rules=rules(100 * compared[0]["margin"]) if compared else (),
        plots=[figure for figure in figures if figure["kind"] != "tag_distribution"],
        tables=report_tables(folder),
        gallery=_json(posts),
        posts=sum(len(group["posts"]) for group in posts),
        unread=_unread(contents.records),
        data=[
            (
                report.stem,
                [f for f in figures if (f["kind"], f["dataset"]) == ("tag_distribution", report.stem)],
                _html(report),
            )
            for report in contents.data_reports
        ],
        table_style=Markup(_asset("dt_bundle.css")),
        modules=_json(
            {"imports": {"datatables": _data_url("text/javascript", _asset("dt_bundle.js").encode())}}
        ),
    )
    write_text(out, page)


def _figure(plot: Path, folder: Path) -> dict[str, Any]:
    kind, _, dataset = plot.stem.partition(".")
    caption, data = CAPTIONS.get(kind, ("", None))
    if kind == "confusion_matrix":
        data = f"runs/{best_run(read_scores(folder / 'scores.csv'), dataset).path}/"
    elif kind == "tag_distribution":
        data = f"../data/{dataset}/none/"
    return {
        "kind": kind,
        "dataset": dataset,
        "title": kind.replace("_", " ").capitalize() + (f": {dataset}" if dataset else ""),
        "caption": caption,
        "data": data,
        "file": os.path.relpath(plot, folder),
        "full": float(re.findall(r'<svg[^>]* width="([\d.]+)', read_text(plot))[0]) > FULL,
        "source": _picture(plot),
    }


def _place(plot: Path) -> tuple[int, str]:
    kind = plot.stem.partition(".")[0]
    return [*CAPTIONS, kind].index(kind), plot.stem


def _picture(file: Path) -> str:
    """A picture as a data URL: its SVG drawing if there is one, else reduced to ``PICTURE`` pixels."""
    drawing = file.with_suffix(".svg")
    if drawing.exists():
        return _data_url("image/svg+xml", drawing.read_bytes())
    with Image.open(file) as image:
        image.thumbnail((PICTURE, PICTURE))
        small = io.BytesIO()
        image.convert("RGB").save(small, "WEBP", quality=75)
    return _data_url("image/webp", small.getvalue())


def _unread(records: Sequence[TrainingRecord]) -> Markup:
    """The table of what text encoders could not read, where runs have counted it."""
    rows = unread_rows(records)
    return Markup(READER.render(UNREAD.render(rows).markdown()) if rows else "")


def _html(markdown: Path) -> Markup:
    """A Markdown file as HTML with embedded pictures; HTML within it, for example in a post, is escaped.

    Its headings are set three levels lower, to fit below those of the page. Only pictures in the file's
    folder are shown; others are replaced by their description.
    """
    tokens = READER.parse(read_text(markdown))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + 3)}"
        for part in token.children or ():
            if part.type == "image":
                file = markdown.parent / Path(unquote(str(part.attrs["src"]))).name
                if file.is_file():
                    part.attrs["src"] = _picture(file)
                else:
                    part.type = "text"
    return Markup(READER.renderer.render(tokens, READER.options, {}))


def _json(value: object) -> Markup:
    """JSON for a ``script`` element: no text in it can close that element."""
    return Markup(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def _asset(name: str) -> str:
    """A file of DataTables from the wheel of itables, without importing itables, which has side effects."""
    return read_text(str(distribution("itables").locate_file(f"itables/html/{name}")))


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{b64encode(data).decode()}"
