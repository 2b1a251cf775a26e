"""The thesis's results next to ours, with a remark wherever the two cannot be compared directly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from mnerflow.plan.names import FILTERS_OFF
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    DATA,
    MODEL,
    PERCENT,
    SCORES,
    SEEDS,
    Column,
    Form,
    Row,
    numeric,
    over_seeds,
)
from mnerflow.reporting.render import percent
from mnerflow.reporting.table import Table

THESIS = yaml.safe_load(Path(__file__).with_name("thesis.yaml").read_text(encoding="utf-8"))
OUR_DATA, OUR_MODEL = replace(DATA, title="our data", heading=False), replace(MODEL, title="our model")


def _thesis_score(row: Row, name: str) -> str:
    low, high = row["thesis_low"], row["thesis_high"]
    return percent(low) if low == high else f"{100 * low:g}–{100 * high:g}"


_DATA_SETS = Form(lambda row, name: row[name].replace("+", ", "))
TABLE = Table(
    "Compared with the thesis",
    "Results of the thesis and of mnerflow on the test split, in percent (mean ± standard deviation over "
    "seeds). The thesis's metric is macro F1 over subwords; entity F1 is what the literature reports. "
    "Compare two numbers only after reading the notes.",
    (
        Column(
            "thesis_data",
            "thesis: data",
            "data sets that the thesis's result is about",
            _DATA_SETS,
            heading=True,
        ),
        Column("thesis_system", "thesis: model", "model, as the thesis describes it"),
        Column("thesis_low", "thesis", "result of the thesis", numeric(_thesis_score)),
        Column("thesis_high", meaning="upper end, where the thesis gives a range", form=PERCENT),
        *COMBINATION_COLUMNS,
        SEEDS,
        *over_seeds("subword_macro_f1", *SCORES["subword_macro_f1"]),
        *over_seeds("entity_f1", *SCORES["entity_f1"]),
        Column("note", "note", "why the two can or cannot be compared"),
    ),
    printed=(
        "thesis_data",
        "thesis_system",
        "thesis_low",
        OUR_DATA,
        OUR_MODEL,
        "subword_macro_f1_mean",
        "entity_f1_mean",
    ),
    page=("thesis_system", "thesis_low", OUR_MODEL, "subword_macro_f1_mean"),
    wide=("thesis_data", OUR_DATA, "entity_f1_mean"),
    detail=("seeds", "note"),
    remarks=lambda row: row["remarks"],
)


@dataclass
class Line:
    """A result of the thesis, a row of ours (from ``summarize``), or both, and remarks on comparing them.

    ``data`` lists the thesis's data sets that the line is about.
    """

    data: Sequence[str]
    thesis: dict[str, Any] | None
    ours: dict[str, Any] | None
    remarks: list[str]

    def record(self) -> dict[str, Any]:
        """The line as a row of ``TABLE``, scores as fractions; ``remarks`` are printed with it."""
        low, high = _bounds(self.thesis) if self.thesis else (None, None)
        return (
            dict.fromkeys(TABLE.names)
            | (self.ours or {})
            | {
                "thesis_data": "+".join(self.data) or None,
                "thesis_system": self.thesis["system"] if self.thesis else None,
                "thesis_low": low,
                "thesis_high": high,
                "note": "; ".join(self.remarks),
                "remarks": self.remarks,
            }
        )


@dataclass(frozen=True)
class Parts:
    """What the names in a configuration stand for; a comparison depends only on these, not on the names.

    Attributes:
        encoders: ``kind``, ``model`` (for timm, its architecture) and ``source`` of each encoder and rival,
            as ``plan.encoders.encoder_facts`` and ``llm.runs.rivals_of`` return them.
        fusions: kind of each fusion. The ways of prompting rivals are not fusions and are left out.
        cautions: caveat about all scores on a data set, by the data set's name.
    """

    encoders: Mapping[str, Mapping[str, str]]
    fusions: Mapping[str, str]
    cautions: Mapping[str, str]


def thesis_lines(summary: Sequence[dict[str, Any]], parts: Parts) -> list[Line]:
    """Every result of the thesis with every comparable row of ours, then our other rows.

    Among our other rows, those on the thesis's data come first.
    """
    lines, placed = [], set()
    for result in THESIS["rows"]:
        matching = [index for index, row in enumerate(summary) if _stands_beside(result, row, parts)]
        placed.update(matching)
        data = result["data"]
        lines += [Line(data, result, summary[i], _differences(result, summary[i], parts)) for i in matching]
        if not matching:
            lines.append(Line(data, result, None, [*_own_remark(result), "not run here"]))
    others: list[Line] = []
    for index, row in enumerate(summary):
        if index not in placed:
            data = [name for name, ours in THESIS["data"].items() if row["dataset"] in ours]
            what = "model on these data" if data else "data set"
            remark = f"not in the thesis, which gives no result for this {what}"
            others.append(Line(data, None, row, [remark, *_data_differences(data, row, parts)]))
    return lines + sorted(others, key=lambda line: (not line.data, line.data))


def on_its_data(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of ``TABLE`` that are about the thesis's data; none where no run of ours is."""
    about = [row for row in rows if row["thesis_data"]]
    return about if any(row["dataset"] for row in about) else []


def _bounds(result: dict[str, Any]) -> tuple[float, float]:
    value = result["value"]
    low, high = value if isinstance(value, list) else (value, value)
    return round(low / 100, 4), round(high / 100, 4)


def _own_remark(result: dict[str, Any]) -> list[str]:
    return [result["remark"]] if "remark" in result else []


def _stands_beside(result: dict[str, Any], row: dict[str, Any], parts: Parts) -> bool:
    return (
        parts.fusions.get(row["fusion"], row["fusion"]) in result["fusions"]
        and (not result["data"] or any(row["dataset"] in THESIS["data"][data] for data in result["data"]))
        and all(
            _family(parts.encoders.get(row[f"{side}_encoder"], {})) == family
            for side, family in _families(result)
        )
    )


def _family(encoder: Mapping[str, str]) -> str | None:
    """The first of the thesis's families that an encoder of ours belongs to, by its kind and model."""
    for name, family in THESIS["encoders"].items():
        models = family.get("models", [""])
        if encoder.get("kind") in family["kinds"] and any(part in encoder["model"] for part in models):
            return name
    return None


def _differences(result: dict[str, Any], row: dict[str, Any], parts: Parts) -> list[str]:
    remarks = _data_differences(result["data"], row, parts)
    for side, family in _families(result):
        ours, theirs = parts.encoders[row[f"{side}_encoder"]]["source"], THESIS["encoders"][family]
        if ours not in theirs["same"]:
            metric = ", which has other subwords" if side == "text" else ""
            remarks.append(f"encoder: ours is {ours}{metric}; the thesis's is {theirs['title']}")
    if row["filter"] != FILTERS_OFF:
        remarks.append(
            f"filter: ours hides tokens ({row['filter']}), the thesis's number is without a filter"
        )
    return [*remarks, *_own_remark(result), f"protocol: {result.get('protocol', THESIS['protocol'])}"]


def _data_differences(data: Sequence[str], row: dict[str, Any], parts: Parts) -> list[str]:
    """How our data set differs from those of the thesis that it is compared with, and its caution."""
    ours = [THESIS["data"][name] for name in data]
    differences = [names[row["dataset"]] for names in ours if row["dataset"] in names]
    caution = parts.cautions.get(row["dataset"])
    return [f"data: {said}" for said in [*differences, *([caution] if caution else [])]]


def _families(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The sides, text and image, for which the thesis names an encoder, and the family of that encoder."""
    return [(side, result[side]) for side in ("text", "image") if side in result]
