"""Calibration: how far a model's confidence is from its accuracy."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from statistics import fmean
from typing import Any

import numpy as np

from mnerflow.errors import quantity
from mnerflow.evaluation import calibration
from mnerflow.evaluation.calibration import COUNT, UNITS
from mnerflow.evaluation.counts import Counts
from mnerflow.plan.names import Combination, Run
from mnerflow.reporting import columns
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    DATA,
    ENCODERS,
    MODEL,
    PERCENT,
    SEEDS,
    SYSTEM,
    Column,
    over_seeds,
)
from mnerflow.reporting.render import Rendered, deviation
from mnerflow.reporting.table import Table

NAMES = dict(zip(UNITS, ("words", "entity words", "entities"), strict=True))
OF = dict(
    zip(
        UNITS,
        ("all words, most of them `O`", "words predicted to be in an entity", "predicted entities"),
        strict=True,
    )
)


def _columns(unit: str) -> tuple[Column, ...]:
    name, of = NAMES[unit], OF[unit]
    return (
        *over_seeds(f"{unit}_ece", f"ECE, {name}", f"expected calibration error of {of}"),
        Column(
            f"{unit}_chance",
            f"by chance, {name}",
            "ECE that a calibrated model with these confidences would have on as many predictions",
            PERCENT,
        ),
        Column(f"{unit}_confidence", f"confidence, {name}", f"mean confidence of {of}", PERCENT),
        Column(f"{unit}_accuracy", f"right, {name}", f"share that is right among {of}", PERCENT),
    )


TABLE = Table(
    "Calibration",
    "Is a model right as often as it is confident? Test split in percent, means over seeds. ECE: expected "
    "calibration error, the mean distance between confidence and accuracy in "
    f"{calibration.BINS} bins of equal size. Words: {OF['word']}. Entity words: {OF['entity_word']}. "
    f"Entities: {OF['entity']}, right with type and both boundaries. By chance: {{entity_chance}}.",
    (*COMBINATION_COLUMNS, SEEDS, *chain(*map(_columns, UNITS))),
    printed=(
        "dataset",
        "filter",
        ENCODERS,
        SYSTEM,
        "seeds",
        "word_ece_mean",
        "entity_word_ece_mean",
        "entity_ece_mean",
        "entity_chance",
        "entity_confidence",
        "entity_accuracy",
    ),
    page=(DATA, MODEL, "word_ece_mean", "entity_ece_mean"),
    wide=("entity_word_ece_mean", "entity_confidence", "entity_accuracy"),
    detail=(
        "seeds",
        "entity_chance",
        *(f"{unit}_{name}" for unit in UNITS[:2] for name in ("chance", "confidence", "accuracy")),
    ),
)
RELIABILITY = Table(
    "Reliability",
    "Data of the reliability plot: the test predictions of all seeds of a combination, in bins of equal "
    "size, from low confidence to high.",
    (
        *COMBINATION_COLUMNS,
        Column(
            "unit", meaning="`word`, `entity_word` (predicted to be in an entity) or `entity` (predicted)"
        ),
        Column("bin", meaning="number of the bin", form=columns.COUNT),
        Column("count", meaning="number of predictions in the bin", form=columns.COUNT),
        Column("confidence", meaning="mean confidence of these predictions", form=PERCENT),
        Column("accuracy", meaning="share of these predictions that are right", form=PERCENT),
    ),
)


def calibration_rows(runs: Mapping[Run, Counts]) -> list[dict[str, Any]]:
    """A row per combination, over the seeds whose predictions contain a confidence, if any do.

    ``runs`` are counts of the test split. A unit that not all of these seeds have is ``None``.
    """
    rows = []
    for one, seeds in _with_confidence(runs).items():
        row = asdict(one) | {"seeds": len(seeds)}
        for unit in UNITS:
            row |= _row(unit, [tallies[unit] for tallies in seeds if unit in tallies], len(seeds))
        rows.append(row)
    return rows


def _row(unit: str, tallies: Sequence[np.ndarray], seeds: int) -> dict[str, float | None]:
    if len(tallies) < seeds:
        return {column.name: None for column in _columns(unit)}
    errors = [calibration.calibration_error(tally) for tally in tallies]
    return {
        f"{unit}_ece_mean": fmean(errors),
        f"{unit}_ece_sd": deviation(errors),
        f"{unit}_chance": fmean(map(calibration.chance_error, tallies)),
        f"{unit}_confidence": fmean(map(calibration.confidence, tallies)),
        f"{unit}_accuracy": fmean(map(calibration.accuracy, tallies)),
    }


def reliability_rows(runs: Mapping[Run, Counts]) -> list[dict[str, Any]]:
    """The bins of every combination and unit, over all predictions of its seeds."""
    return [
        asdict(one) | {"unit": unit} | row
        for one, seeds in _with_confidence(runs).items()
        for unit in UNITS
        if (tallies := [tallies[unit] for tallies in seeds if unit in tallies])
        for row in _bins(calibration.merge_tallies(tallies))
    ]


def _bins(tally: np.ndarray) -> Iterator[dict[str, Any]]:
    for number, rows in enumerate(calibration.in_bins(tally), start=1):
        yield {
            "bin": number,
            "count": int(rows[:, COUNT].sum()),
            "confidence": calibration.confidence(rows),
            "accuracy": calibration.accuracy(rows),
        }


def _with_confidence(runs: Mapping[Run, Counts]) -> dict[Combination, list[dict[str, np.ndarray]]]:
    found: dict[Combination, list[dict[str, np.ndarray]]] = defaultdict(list)
    for run, counts in sorted(runs.items(), key=lambda item: item[0]):
        if counts.confidence:
            found[run.combination].append(counts.confidence)
    return found


def calibration_table(rows: Sequence[dict[str, Any]], runs: Mapping[Run, Counts]) -> Rendered:
    """The rows for a reader, and which of ``runs`` are not in them."""
    lacking: dict[str, int] = defaultdict(int)
    for run in sorted(runs):
        lacking[run.data] += not runs[run].confidence
    left_out = [f"{data}: {number}" for data, number in lacking.items() if number]
    notes = [
        f"Left out because their predictions contain no confidence: {sum(lacking.values())} of "
        f"{quantity(len(runs), 'run')} ({', '.join(left_out)})."
    ]
    return TABLE.render(rows, notes if left_out else [])
