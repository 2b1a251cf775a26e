"""Results from the literature next to ours, where data set, split and metric are the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from mnerflow.plan.names import FILTERS_OFF, NONE, Combination
from mnerflow.reporting.columns import COUNT, FLAG, PERCENT, Column, Form, Row, number, numeric
from mnerflow.reporting.latex import latex_escape
from mnerflow.reporting.render import ABSENT, Rendered, spread
from mnerflow.reporting.table import Table

METRIC, SPLIT = "entity_f1", "test"
DOI = "https://doi.org/"


def reservation(row: Row) -> str:
    """Caveats about a number: not seen in its source, seen elsewhere, a remark; empty without any."""
    said = ["" if row["checked"] else "not checked in print"]
    said += [f"seen in {row['seen_in']}" if row["seen_in"] else "", row["remark"]]
    return "; ".join(filter(None, said))


BEWARE = replace(FLAG, show=lambda row, name: reservation(row) or ABSENT)
SCORE = numeric(lambda row, name: spread(row[name], row["sd"]))
SOURCE = Form(lambda row, name: f"{row[name]} {row['year']}" if row["year"] else row[name])
TABLE = Table(
    "Compared with the literature",
    "Entity F1 (micro) on the test split in percent, published and ours. Data set, split and metric are the "
    "same. Encoders, and whatever else was used in training, are not.",
    (
        Column("dataset", "data set", "name of the data set in the configuration", heading=True),
        Column("split", meaning="split that is scored"),
        Column("metric", meaning="score that is compared"),
        Column("origin", meaning="`literature` or `mnerflow`"),
        Column("system", "system", "name of the system in its source; for ours, fusion, variant and filter"),
        Column("backbone", "backbone", "encoders of the system"),
        Column("modality", "modality", "what the system reads"),
        Column(
            "value",
            "entity F1",
            "F1 over entities with type and both boundaries right; for ours, a mean over seeds",
            SCORE,
        ),
        Column("sd", meaning="standard deviation over seeds, for ours", form=PERCENT),
        Column("seeds", "seeds", "number of seeds, for ours", COUNT),
        Column(
            "source",
            "source",
            "publication of the result",
            SOURCE,
            link=lambda row: row["url"],
            cites="key",
        ),
        Column("key", meaning="key of the publication in `literature.bib`"),
        Column("year", meaning="year of the publication", form=number(str)),
        Column("title", meaning="title of the publication"),
        Column("url", meaning="address of the publication; for ours, the folder of the runs"),
        Column(
            "checked", "beware", "whether the number was seen in its source, and what else to know", BEWARE
        ),
        Column("seen_in", meaning="another publication in which the number was seen"),
        Column("remark", meaning="what else to know before comparing"),
    ),
    printed=("dataset", "system", "backbone", "modality", "value", "seeds", "source"),
    page=("dataset", "system", "value"),
    wide=("backbone", "modality", "source"),
    detail=("checked", "seeds"),
    remarks=lambda row: [said] if (said := reservation(row)) else [],
)


@dataclass(frozen=True, slots=True)
class Source:
    """The publication of a result; ``key`` and ``type`` are for BibTeX, ``authors`` are surnames."""

    key: str
    type: str
    title: str
    authors: str
    venue: str
    year: int
    url: str


@dataclass(frozen=True, slots=True)
class Result:
    """One result from the literature; ``value`` is a fraction.

    ``checked`` says whether the value was seen in print. ``seen_in`` says where, if not in the source itself.
    ``remark`` says what else to know before comparing.
    """

    system: str
    backbone: str
    modality: str
    dataset: str
    split: str
    metric: str
    value: float
    source: Source
    checked: bool
    seen_in: str = ""
    remark: str = ""


def literature_sources() -> list[Source]:
    """All publications that results are taken from."""
    return [Source(key, **source) for key, source in _content()["sources"].items()]


def bibliography() -> str:
    """All these publications as a ``.bib`` file, whose keys the LaTeX table cites."""
    return "\n".join(map(_bibtex, literature_sources()))


def results_on(dataset: str) -> list[Result]:
    """Results with exactly this data set, ``METRIC`` and ``SPLIT``, the best first."""
    content, sources = _content(), {source.key: source for source in literature_sources()}
    wanted = (content["same"].get(dataset, dataset), METRIC, SPLIT)
    found = [
        Result(
            **entry
            | {
                "dataset": dataset,
                "value": round(entry["value"] / 100, 4),
                "source": sources[entry["source"]],
            }
        )
        for entry in content["results"]
        if (entry["dataset"], entry["metric"], entry["split"]) == wanted
    ]
    return sorted(found, key=lambda result: -result.value)


def literature_rows(
    summary: Sequence[dict[str, Any]], contexts: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """Results from the literature and ours (from ``summarize``), the best first, as rows of ``TABLE``.

    Only data sets with results in the literature are included. ``origin`` is ``literature`` or ``mnerflow``;
    the ``url`` of ours is the folder of the runs below ``results``. ``contexts`` are those that each variant
    reads.
    """
    rows = []
    for dataset in sorted({row["dataset"] for row in summary}):
        theirs = results_on(dataset)
        ours = [row for row in summary if row["dataset"] == dataset and row["entity_f1_mean"] is not None]
        lines = [_theirs(result) for result in theirs] + [_ours(row, contexts) for row in ours if theirs]
        rows += sorted(lines, key=lambda line: -line["value"])
    return rows


def literature_table(rows: Sequence[dict[str, Any]]) -> Rendered:
    """The rows of ``literature_rows`` for a reader, or that there are none."""
    none = "No result was published for these data sets with this metric and split."
    return (TABLE if rows else replace(TABLE, about=none)).render(rows)


def _content() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def _bibtex(source: Source) -> str:
    place = "school" if source.type == "mastersthesis" else "booktitle"
    doi = source.url.removeprefix(DOI)
    fields = {
        "author": latex_escape(" and ".join(source.authors.split(", "))),
        "title": f"{{{latex_escape(source.title)}}}",  # braces keep its capitals
        place: latex_escape(source.venue),
        "year": source.year,
        "url" if doi == source.url else "doi": doi,
    }
    lines = [f"  {name} = {{{value}}},\n" for name, value in fields.items()]
    return f"@{source.type}{{{source.key},\n{''.join(lines)}}}\n"


def _theirs(result: Result) -> dict[str, Any]:
    return {
        "dataset": result.dataset,
        "split": result.split,
        "metric": result.metric,
        "origin": "literature",
        "system": result.system,
        "backbone": result.backbone,
        "modality": result.modality,
        "value": result.value,
        "sd": None,
        "seeds": None,
        "source": f"{result.source.authors.split(',')[0]}, {result.source.venue}",
        "key": result.source.key,
        "year": result.source.year,
        "title": result.source.title,
        "url": result.source.url,
        "checked": result.checked,
        "seen_in": result.seen_in,
        "remark": result.remark,
    }


def _ours(row: dict[str, Any], contexts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    combination = Combination.of(row)
    return {
        "dataset": row["dataset"],
        "split": SPLIT,
        "metric": METRIC,
        "origin": "mnerflow",
        "system": combination.system
        if combination.filter == FILTERS_OFF
        else f"{combination.system} ({combination.filter})",
        "backbone": combination.encoders,
        "modality": _modality(combination, contexts),
        "value": row["entity_f1_mean"],
        "sd": row["entity_f1_sd"],
        "seeds": row["seeds"],
        "source": "mnerflow",
        "key": None,
        "year": None,
        "title": None,
        "url": f"runs/{combination.folder}/",
        "checked": True,
        "seen_in": None,
        "remark": None,
    }


def _modality(combination: Combination, contexts: Mapping[str, Sequence[str]]) -> str:
    encoders = {"text": combination.text_encoder, "image": combination.image_encoder}
    read = [name for name, encoder in encoders.items() if encoder != NONE]
    return "+".join([*read, *contexts.get(combination.variant, ())])
