"""Churn: what a source changes in the tags of test posts, compared with what another seed changes."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from statistics import fmean
from typing import Any

from mnerflow.conditions import CHANGES
from mnerflow.evaluation.churn import Churn, Shares
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    ENCODERS,
    MODEL,
    SEEDS,
    SHARE,
    SYSTEM,
    Column,
    Row,
    number,
    numeric,
)
from mnerflow.reporting.render import between, share, source_words
from mnerflow.reporting.table import Table


def _with_range(row: Row, name: str) -> str:
    return f"{share(row[name])} ({between(row[f'{name}_low'], row[f'{name}_high'])})"


WITH_RANGE = numeric(_with_range)  # of ``<name>``, with ``<name>_low`` and ``<name>_high``


def _shares(name: str, title: str, meaning: str, pairs: str) -> tuple[Column, ...]:
    """A mean over pairs of runs, its range, which is shown in the same cell, and the number of pairs."""
    return (
        Column(name, title, f"{meaning}; in brackets the range over pairs", WITH_RANGE),
        Column(f"{name}_low", meaning="lowest of these values over pairs", form=SHARE),
        Column(f"{name}_high", meaning="highest of these values over pairs", form=SHARE),
        Column(f"{name}_pairs", pairs, "number of pairs of runs in this mean", COUNT),
    )


TABLE = Table(
    "What another seed changes",
    "Test posts that two runs tag differently, in percent. Churn: {churn}. Baseline's: {baseline_churn}. "
    "Against baseline: {across}. Beyond seeds: {beyond_seeds}. Shuffled, blank: posts that the same trained "
    "model tags differently with the source shuffled, or blank, than with the true source.",
    (
        *COMBINATION_COLUMNS,
        SEEDS,
        *_shares("churn", "churn", "posts that two seeds of the same model tag differently", "pairs"),
        Column("source", "source", "what the run reads and its baseline does not"),
        Column("baseline", meaning="folder of the baseline's runs"),
        Column("baseline_churn", "baseline's", "churn of two seeds of the baseline", SHARE),
        *_shares(
            "across",
            "against baseline",
            "posts that a run and a run of its baseline with a different seed tag differently",
            "",
        ),
        Column(
            "beyond_seeds",
            "beyond seeds",
            "against baseline minus the mean of both churns: what the source, and the part that reads it, "
            "change beyond what another seed changes",
            number(lambda value: f"{100 * value:+z.1f}".replace("-", "−")),  # as exact as the shares
        ),
        Column("same_seed", "same seed", "against baseline, for runs with the same seed", SHARE),
        *(
            Column(
                f"changed_{change}",
                change,
                f"posts that one trained model tags differently with the source {change}",
                SHARE,
            )
            for change in CHANGES
        ),
    ),
    printed=(
        "dataset",
        "filter",
        ENCODERS,
        SYSTEM,
        "seeds",
        "churn",
        "source",
        "baseline_churn",
        "across",
        "beyond_seeds",
        "changed_shuffled",
        "changed_blank",
    ),
    page=(DATA, MODEL, "churn", "across", "changed_shuffled"),
    wide=("source", "baseline_churn", "beyond_seeds", "changed_blank"),
    detail=("seeds", "churn_pairs", "same_seed"),
)


def churn_row(found: Churn) -> dict[str, Any]:
    """A row of ``churn.csv``: shares as fractions, ``None`` where there is no value."""
    row = asdict(found.combination) | {"seeds": found.runs, "source": found.source}
    row |= _cells("churn", found.seeds) | _cells("across", found.across)
    row |= {
        "baseline": found.baseline and found.baseline.folder,
        "baseline_churn": found.baseline_seeds and found.baseline_seeds.mean,
        "same_seed": found.same_seed and found.same_seed.mean,
        "beyond_seeds": found.beyond_seeds,
    }
    return row | {f"changed_{change}": found.changed.get(change) for change in CHANGES}


def _cells(name: str, shares: Shares | None) -> dict[str, float | int | None]:
    ends = ("low", "high", "pairs")
    cells = {f"{name}_{end}": getattr(shares, end) if shares else None for end in ends}
    return {name: shares.mean if shares else None, **cells}


def churn_sentences(rows: Iterable[Row]) -> dict[tuple[str, str], str]:
    """A sentence for each data set and source on what ``rows`` of ``churn.csv`` show.

    It covers comparisons with two seeds on both sides; a data set and source without any is left out.
    """

    def asked(row: Row) -> tuple[str, str]:
        return row["dataset"], source_words(row["source"])

    known = sorted((row for row in rows if row["beyond_seeds"] is not None), key=asked)
    return {key: _sentence(key[1], list(members)) for key, members in groupby(known, key=asked)}


def _sentence(named: str, rows: Sequence[Row]) -> str:
    seeds = fmean((row["churn"] + row["baseline_churn"]) / 2 for row in rows)
    across = fmean(row["across"] for row in rows)
    said = (
        f"Two seeds of one model tag {share(seeds)} % of the test posts differently; a model with the "
        f"{named} and one without it, of different seeds, {share(across)} %"
    )
    if changed := [row["changed_shuffled"] for row in rows if row["changed_shuffled"] is not None]:
        low, high = share(min(changed)), share(max(changed))
        ends = low if low == high else f"{low} to {high}"
        said += f"; the same model with the {named} of another post {ends} %"
    return f"{said}."
