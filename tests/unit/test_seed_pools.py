"""Whose variances between seeds are pooled: a comparison has one interval, whatever else a grid contains."""

from dataclasses import replace

import pytest
from test_evidence import BASELINES, LINEAR, MARGIN, TEXT, counts, predictions

from mnerflow.data.post import Post
from mnerflow.evaluation.background import background_of
from mnerflow.evaluation.best import best_combinations
from mnerflow.evaluation.evidence import compare_with_baselines
from mnerflow.evaluation.intervals import score_intervals
from mnerflow.evaluation.pooled import pooled_answers
from mnerflow.evaluation.strata import compare_in_strata
from mnerflow.plan.names import Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting.per_type import type_rows

POOLS = SeedPools(["gpt"], {"tenth": 0.1})
BACKGROUND = background_of([], [Post(p.id, p.tokens, p.labels) for p in predictions(1, 1)], set())


@pytest.mark.parametrize(
    "other",
    [
        replace(TEXT, variant="tenth"),
        replace(TEXT, text_encoder="gpt", fusion="zero_shot"),
        replace(TEXT, text_encoder="none", image_encoder="cnn", fusion="image_only"),
    ],
    ids=["fewer posts", "rival", "image only"],
)
def test_a_comparison_has_one_interval_whatever_else_the_grid_contains(other: Run) -> None:
    runs = {replace(TEXT, seed=seed): counts(0.6, seed) for seed in (1, 2)}
    runs |= {replace(LINEAR, seed=seed): counts(0.8, seed + 10, 0.5) for seed in (1, 2)}
    more = runs | {replace(other, seed=seed): counts(0.2 * seed, seed, 0.1) for seed in (1, 2, 3)}
    alone, together = (
        (
            compared := compare_with_baselines(all_runs, BASELINES, POOLS, MARGIN, trials=0),
            pooled_answers(all_runs, compared[0], POOLS),
            compare_in_strata(all_runs, {("demo", "none"): BACKGROUND}, BASELINES, POOLS, MARGIN),
            [score_intervals(all_runs, POOLS)[run.combination] for run in (TEXT, LINEAR)],
            best_combinations(all_runs, POOLS),
            [row for row in type_rows(all_runs, {}, POOLS) if row["best"]],
        )
        for all_runs in (runs, more)
    )
    assert together == alone


def test_pools_are_told_by_the_configuration() -> None:
    variants = {"tenth": {"train_fraction": 0.1}, "tenth_crf": {"based_on": "tenth"}, "crf": {}}
    pools = SeedPools.of({"rivals": {"gpt": {}}, "variants": variants})
    shares = {"base": 1.0, "tenth": 0.1, "tenth_crf": 0.1, "crf": 1.0}
    assert pools == SeedPools(["gpt"], shares)
