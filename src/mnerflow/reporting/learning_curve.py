"""Entity F1 by the number of training posts that a model learns from."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import groupby
from statistics import fmean
from typing import Any

from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.intervals import score_intervals
from mnerflow.evaluation.seeds import systems_of
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.record import TrainingRecord
from mnerflow.reporting.columns import (
    COMBINATION_COLUMNS,
    COUNT,
    DATA,
    ENCODERS,
    PERCENT,
    RANGE,
    SCORES,
    SEEDS,
    SYSTEM,
    Column,
    number,
    over_seeds,
)
from mnerflow.reporting.render import deviation
from mnerflow.reporting.table import Table

_SHOWN = (DATA, ENCODERS, SYSTEM, "fraction", "training_posts", "entity_f1_mean")
TABLE = Table(
    "Learning curve",
    "Entity F1 on the test split in percent, by the share of the training posts that a model learnt from; "
    "mean ± standard deviation over seeds, from three seeds on. The variant shown is the one that learns "
    "from all posts. Only models that were trained on several shares are listed.",
    (
        *COMBINATION_COLUMNS,
        Column(
            "fraction", "fraction", "share of the training posts, drawn by the seed", number("{:g}".format)
        ),
        Column("training_posts", "training posts", "number of posts learnt from, mean over seeds", COUNT),
        SEEDS,
        *over_seeds("entity_f1", *SCORES["entity_f1"]),
        Column(
            "entity_f1_low", "95 % interval", "interval of the mean, over other sentences and seeds", RANGE
        ),
        Column("entity_f1_high", meaning="upper end of the interval", form=PERCENT),
    ),
    printed=(*_SHOWN, "entity_f1_low", "seeds"),
    page=_SHOWN,
    detail=("entity_f1_low", "seeds"),
)


def curve_rows(
    runs: Mapping[Run, Counts],
    records: Mapping[Run, TrainingRecord],
    curves: Mapping[str, str],
    pools: SeedPools,
) -> list[dict[str, Any]]:
    """One row per combination and share of the training posts, where a combination has several shares.

    Args:
        runs: counts of the test split.
        records: records of the runs that were trained.
        curves: by variant, the variant on whose learning curve it is a point, see ``plan.variants.curve_of``.
        pools: tell the shares, and over which runs the variance between seeds is pooled.
    """
    trained = {run: counts for run, counts in runs.items() if run in records}
    systems, intervals = systems_of(trained), score_intervals(trained, pools)
    points: list[tuple[Combination, float, dict[str, Any]]] = []
    for one, seeds in groupby(sorted(trained), key=lambda run: run.combination):
        about = [records[run] for run in seeds]
        scores = systems[one].scores.tolist()
        low, high = intervals.get(one, (None, None))
        curve, fraction = replace(one, variant=curves[one.variant]), pools.share(one)
        row = {
            "fraction": fraction,
            "training_posts": fmean(record.training_posts for record in about),
            "seeds": len(about),
            "entity_f1_mean": fmean(scores),
            "entity_f1_sd": deviation(scores),
            "entity_f1_low": low,
            "entity_f1_high": high,
        }
        points.append((curve, fraction, asdict(curve) | row))
    rows: list[dict[str, Any]] = []
    for _, curve in groupby(sorted(points, key=lambda point: point[:2]), key=lambda point: point[0]):
        found = [*curve]
        if len({fraction for _, fraction, _ in found}) > 1:
            rows += [row for *_, row in found]
    return rows
