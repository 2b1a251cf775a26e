"""The settings that a search tried, and the one with the best dev score."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from mnerflow.plan.kept_weights import dev_score
from mnerflow.plan.names import Run
from mnerflow.record import RECORD, TrainingRecord
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    ENCODERS,
    FLAG,
    SEEDS,
    SYSTEM,
    Column,
    over_seeds,
)
from mnerflow.reporting.render import deviation
from mnerflow.reporting.table import Table

TABLE = Table(
    "Search",
    "Settings that were tried, and the one that was picked (bold): score of the kept epoch on dev in "
    "percent, mean ± standard deviation over seeds. The test split was not read.",
    (
        Column("search", "search", "number of the search, in the order of the configuration", COUNT),
        *COMBINATION_COLUMNS,
        Column("settings", "settings", "settings that were tried", bold="picked"),
        SEEDS,
        Column("select", "score", "dev score that picks the epoch"),
        *over_seeds("dev", "dev", "this score of the kept epoch", bold="picked"),
        Column("seconds", "seconds", "duration of training, mean over seeds", COUNT),
        Column("picked", meaning="whether its mean is the highest of the search", form=FLAG),
    ),
    printed=("search", DATA, ENCODERS, SYSTEM, "settings", "seeds", "select", "dev_mean", "seconds"),
)


def tuning_rows(searches: Iterable[Sequence[Path]]) -> list[dict[str, Any]]:
    """A row per setting: the dev score of the kept epoch (a fraction of 1), mean and spread over seeds.

    ``searches`` are the folders of each search's candidates, see ``Candidate.path``. ``picked`` marks the
    highest mean of each search, or the first of several equal ones.
    """
    rows = []
    for number, folders in enumerate(searches, start=1):
        seeds = {settings: [*group] for settings, group in groupby(folders, key=lambda folder: folder.parent)}
        tried = [{"search": number} | _row(settings, of) for settings, of in seeds.items()]
        best = max(tried, key=lambda row: row["dev_mean"])
        rows += [row | {"picked": row is best} for row in tried]
    return rows


def _row(settings: Path, seeds: Sequence[Path]) -> dict[str, Any]:
    records = [TrainingRecord.read(seed / RECORD) for seed in seeds]
    select = records[0].config["training"]["select"]
    scores = [dev_score(seed, select) for seed in seeds]
    return asdict(Run.from_folder(settings.parent / seeds[0].name).combination) | {
        "settings": settings.name,
        "seeds": len(seeds),
        "select": select,
        "dev_mean": fmean(scores),
        "dev_sd": deviation(scores),
        "seconds": fmean(record.seconds for record in records),
    }
