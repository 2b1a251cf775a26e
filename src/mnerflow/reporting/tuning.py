"""The settings that a search tried, and the one with the best dev score."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from mnerflow.plan.kept_weights import dev_score
from mnerflow.plan.names import Combination
from mnerflow.plan.tuning import Candidate
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
        *COMBINATION_COLUMNS,
        Column("settings", "settings", "settings that were tried", bold="picked"),
        SEEDS,
        Column("select", "score", "dev score that picks the epoch"),
        *over_seeds("dev", "dev", "this score of the kept epoch", bold="picked"),
        Column("seconds", "seconds", "duration of training, mean over seeds", COUNT),
        Column("picked", meaning="whether its mean is the highest of the search", form=FLAG),
    ),
    printed=(DATA, ENCODERS, SYSTEM, "settings", "seeds", "select", "dev_mean", "seconds"),
)


def tuning_rows(folders: Mapping[Candidate, Path]) -> list[dict[str, Any]]:
    """A row per setting: the dev score of the kept epoch (a fraction of 1), mean and spread over seeds.

    ``picked`` marks the highest mean of each search, or the first of several equal ones.
    """
    searches: dict[Combination, dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in folders:
        searches[candidate.run.combination][candidate.settings].append(candidate)
    rows = []
    for search in searches.values():
        tried = [_row(seeds, folders) for seeds in search.values()]
        best = max(tried, key=lambda row: row["dev_mean"])
        rows += [row | {"picked": row is best} for row in tried]
    return rows


def _row(seeds: Sequence[Candidate], folders: Mapping[Candidate, Path]) -> dict[str, Any]:
    records = [TrainingRecord.read(folders[seed] / RECORD) for seed in seeds]
    select = records[0].config["training"]["select"]
    scores = [dev_score(folders[seed], select) for seed in seeds]
    return asdict(seeds[0].run.combination) | {
        "settings": seeds[0].settings,
        "seeds": len(seeds),
        "select": select,
        "dev_mean": fmean(scores),
        "dev_sd": deviation(scores),
        "seconds": fmean(record.seconds for record in records),
    }
