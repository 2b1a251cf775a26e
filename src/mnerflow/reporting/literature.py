"""Results from the literature beside ours, where data set, split and metric are the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import yaml

from mnerflow.plan.names import FILTERS_OFF, NONE, Combination
from mnerflow.reporting.render import ABSENT, Table, spread

COLUMNS = ("dataset", "split", "metric", "origin", "system", "backbone", "modality", "value", "sd", "seeds")
COLUMNS += ("source", "year", "title", "url", "checked", "seen_in")
METRIC, SPLIT = "entity_f1", "test"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a result was published."""

    title: str
    authors: str
    venue: str
    year: int
    url: str


@dataclass(frozen=True, slots=True)
class Result:
    """One result of the literature, ``value`` a fraction.

    ``checked`` says whether the value was seen in print, ``seen_in`` where, if not in the source itself.
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


def results_on(dataset: str) -> list[Result]:
    """Results with exactly this data set, ``METRIC`` and ``SPLIT``, the best first."""
    content = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    sources = {key: Source(**source) for key, source in content["sources"].items()}
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
    summary: Sequence[dict], contexts: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> list[dict]:
    """Results of the literature and ours (from ``summarize``) with the columns ``COLUMNS``, the best first.

    Only data sets that the literature has results for; ``origin`` is ``literature`` or ``mnerflow``, and
    ``url`` of ours the folder of its runs below ``results``. ``contexts`` are what variants read
    beside the text.
    """
    rows = []
    for dataset in sorted({row["dataset"] for row in summary}):
        theirs = results_on(dataset)
        ours = [row for row in summary if row["dataset"] == dataset and row["entity_f1_mean"] is not None]
        lines = [_theirs(result) for result in theirs] + [_ours(row, contexts) for row in ours if theirs]
        rows += sorted(lines, key=lambda line: -line["value"])
    return rows


def literature_table(rows: Sequence[dict]) -> Table:
    """The rows of ``literature_rows`` for a reader, in percent."""
    cells = [
        [
            row["dataset"],
            row["system"],
            row["backbone"],
            row["modality"],
            spread(row["value"], row["sd"]),
            str(row["seeds"] or ABSENT),
            f"{row['source']} {row['year']}" if row["year"] else row["source"],
        ]
        for row in rows
    ]
    remarks = [reservation(row["checked"], row["seen_in"]) for row in rows]
    return Table(
        "Entity F1 (micro) on the test split in percent, published and ours. Data set, split and metric are "
        "the same; encoders, and what else was used in training, are not."
        if rows
        else "No result was published for these data sets with this metric and split.",
        ["data set", "system", "backbone", "modality", "entity F1", "seeds", "source"],
        cells,
        [[remark] if remark else [] for remark in remarks],
    )


def reservation(checked: bool, seen_in: str | None) -> str:
    """What to beware of in a number: that its source was not seen, where it was seen instead; or nothing."""
    said = [] if checked else ["not checked in print"]
    return ", ".join([*said, *([f"seen in {seen_in}"] if seen_in else [])])


def _theirs(result: Result) -> dict:
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
        "year": result.source.year,
        "title": result.source.title,
        "url": result.source.url,
        "checked": result.checked,
        "seen_in": result.seen_in,
    }


def _ours(row: dict, contexts: Mapping[str, Sequence[str]]) -> dict:
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
        "year": None,
        "title": None,
        "url": f"runs/{combination.folder}/",
        "checked": True,
        "seen_in": None,
    }


def _modality(combination: Combination, contexts: Mapping[str, Sequence[str]]) -> str:
    encoders = {"text": combination.text_encoder, "image": combination.image_encoder}
    read = [name for name, encoder in encoders.items() if encoder != NONE]
    return "+".join([*read, *contexts.get(combination.variant, ())])
