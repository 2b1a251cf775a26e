"""The answer for a data set in one row: what a source is worth on average over all models that read it."""

from collections.abc import Sequence
from typing import Any

from mnerflow.errors import quantity
from mnerflow.evaluation.pooled import Pooled
from mnerflow.plan.names import FILTERS_OFF, data_label
from mnerflow.reporting.columns import COUNT, INTERVAL, P_VALUE, PERCENT, POINTS, Column, Form, Row
from mnerflow.reporting.render import interval, p_said, points, source_words
from mnerflow.reporting.table import Table

DATA = Column(
    "dataset",
    "data set",
    "name of the data set, with its filter in brackets where one is used",
    Form(lambda row, name: data_label(row["dataset"], row["filter"])),
)
TABLE = Table(
    "Does a source help on average?",
    "What a source is worth on average: entity F1 on the test split with the source minus without it, in "
    "points. The mean is over all models that read the source, each compared with its baseline. A model is a "
    "combination of encoders, fusion and variant; all models count equally. Spread: {spread}.",
    (
        Column("dataset", "data set", "name of the data set in the configuration"),
        Column(
            "filter",
            "filter",
            "filter that hid words from the model, `none` without one",
            unless=(FILTERS_OFF,),
        ),
        Column("source", "source", "what the models read and their baselines do not"),
        Column("models", "models", "number of models that read the source and have a baseline", COUNT),
        Column("one_seed", "with one seed", "number of these models that ran with a single seed", COUNT),
        Column("runs", "runs", "number of runs of these models, over all seeds", COUNT),
        Column(
            "baseline_runs", "runs without it", "number of runs of their baselines, each counted once", COUNT
        ),
        Column("metric", meaning="score that is compared"),
        Column("difference", "mean difference", "mean over the models, in points", POINTS),
        Column(
            "low",
            "95 % interval",
            "interval of the mean difference, over other sentences, seeds and models",
            INTERVAL,
        ),
        Column("high", meaning="upper end of the interval", form=POINTS),
        Column("p", "p", "p-value for no difference on average; not corrected", P_VALUE),
        Column(
            "spread",
            "spread",
            "standard deviation, in points, of the true gains of single models; empty for one model",
            PERCENT,
        ),
    ),
    printed=(
        "dataset",
        "filter",
        "source",
        "models",
        "one_seed",
        "runs",
        "baseline_runs",
        "difference",
        "low",
        "p",
        "spread",
    ),
    page=(DATA, "source", "models", "difference"),
    wide=("low", "p", "spread"),
    detail=("one_seed", "runs", "baseline_runs"),
)


def pooled_rows(answers: Sequence[Pooled]) -> list[dict[str, Any]]:
    """Answers as rows of ``pooled.csv``: fractions, or ``None`` where there is no value."""
    names = ("dataset", "filter", "source", "models", "one_seed", "runs", "baseline_runs", "spread")
    rows = []
    for one in answers:
        estimate = one.difference
        low, high, p = (*estimate.interval(), estimate.p) if estimate.known else (None, None, None)
        row = {name: getattr(one, name) for name in names} | {"metric": "entity_f1"}
        rows.append(row | {"difference": estimate.value, "low": low, "high": high, "p": p})
    return rows


def sentence(row: Row) -> str:
    """A row of several models in words: "On average over 15 models, the image changes entity F1 by …"."""
    source = source_words(row["source"])
    over = "" if row["filter"] == FILTERS_OFF else f" with the filter {row['filter']}"
    does = "changes" if source == row["source"] else "change"
    said = f"On average over {quantity(row['models'], 'model')}{over}, the {source} {does} entity F1 by "
    said += f"{points(row['difference'])} points"
    if row["low"] is None:
        single = row["one_seed"] == row["models"]
        why = "with one seed each" if single else "since no model with two seeds finds an entity"
        return f"{said}; {why}, there is no interval."
    said += f" (95 % interval {interval(row['low'], row['high'])}, {p_said(row['p'])})"
    if row["low"] <= 0 <= row["high"]:
        said += ": neither a gain nor a loss can be shown"
    if row["one_seed"]:
        said += f"; {row['one_seed']} of the models ran with one seed"
    return f"{said}."
