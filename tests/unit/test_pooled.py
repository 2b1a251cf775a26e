"""One answer a data set: a case by hand, simulated truth, and what is said of it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from test_evidence import BASELINES, LINEAR, MARGIN, POOLS, TEXT, TRIALS, counts
from test_seeds import system, without_sentences

from mnerflow.evaluation.evidence import compare_with_baselines
from mnerflow.evaluation.pooled import pool, pooled_answers
from mnerflow.evaluation.seeds import Seeds, SeedVariance
from mnerflow.plan.names import Combination
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting.pooled import TABLE, pooled_rows, sentence

BASELINE = TEXT.combination
FUSIONS = [replace(LINEAR.combination, fusion=name) for name in "abcdef"]
PAIRS = [(one, BASELINE) for one in FUSIONS]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_it_is_what_a_hand_computes():
    # Two sentences; the influences of baseline, a and b are ±0.01, ±0.02 and ±0.04.
    def one(scores: list[float], influence: float) -> Seeds:
        return Seeds(np.array(scores), np.tile([influence, -influence], (len(scores), 1)))

    systems = {
        BASELINE: one([0.60, 0.64], 0.01),
        FUSIONS[0]: one([0.70], 0.02),
        FUSIONS[1]: one([0.72], 0.04),
    }
    variance = SeedVariance.pooled(systems.values())
    assert (variance.main, variance.df) == (pytest.approx(0.0008), 1)
    found, spread = pool(PAIRS[:2], systems, variance)
    assert found.value == pytest.approx(0.09)
    # They differ by 0.02, which sentences (twice the square of 0.03 - 0.01, halved and doubled) and seeds
    # (0.0008 of each fusion) explain: only the mean of the two is left, with the baseline's seeds in full.
    of_sentences = 2 * 2 * 0.02**2
    of_seeds = (1 / 4 + 1 / 4 + 1 / 2) * 0.0008
    assert spread == 0
    assert found.error == pytest.approx((of_sentences + of_seeds) ** 0.5)
    assert found.df == pytest.approx((of_sentences + of_seeds) ** 2 / (of_sentences**2 + of_seeds**2))
    # Ten points apart: what they share, the sentences and the baseline's seeds, and half of how they differ.
    systems[FUSIONS[1]] = one([0.80], 0.04)
    found, spread = pool(PAIRS[:2], systems, variance)
    noise = 2 * 2 * (0.01**2 + 0.03**2) / 2 - 2 * 2 * 0.01 * 0.03 + 0.0008
    assert spread == pytest.approx((0.005 - noise) ** 0.5)
    parts = 0.005 / 2, 2 * 2 * 0.01 * 0.03, 0.0008 / 2
    assert found.error == pytest.approx(sum(parts) ** 0.5)
    assert found.df == pytest.approx(sum(parts) ** 2 / sum(part**2 for part in parts))


def test_copies_of_one_system_tell_as_much_as_one(rng):
    gold = rng.poisson(1.5, 300)
    fusion, baseline = (Seeds.of(np.tile(counts_of(rng, gold), (2, 1, 1))) for _ in range(2))
    systems = {BASELINE: baseline} | dict.fromkeys(FUSIONS, fusion)
    variance = SeedVariance.pooled(systems.values())  # 0: seeds are alike
    one, several = (pool(PAIRS[:number], systems, variance) for number in (1, 6))
    assert (one[1], several[1]) == (None, 0)
    assert several[0].interval() == pytest.approx(one[0].interval())
    assert one[0] == variance.difference(fusion, baseline)


def counts_of(rng: np.random.Generator, gold: np.ndarray) -> np.ndarray:
    hits = rng.binomial(gold, 0.7)
    return np.stack([hits, hits + rng.poisson(0.3, len(gold)), gold], axis=-1)


def test_where_only_models_differ_it_is_the_t_test_of_their_gains():
    from scipy.stats import ttest_1samp

    gains = [0.01, 0.03, 0.02, -0.01, 0.05]
    systems = {one: without_sentences(0.6 + gain) for one, gain in zip(FUSIONS, gains, strict=False)}
    systems[BASELINE] = without_sentences(0.6)
    found, spread = pool(PAIRS[:5], systems, SeedVariance(0.0, 0.0, 6))
    reference = ttest_1samp(gains, 0)
    assert found.interval() == pytest.approx(reference.confidence_interval(0.95))
    assert (found.p, spread) == pytest.approx((reference.pvalue, np.std(gains, ddof=1)))


def test_a_baseline_of_several_counts_with_the_weight_of_all():
    others = {one: without_sentences(0.7, 0.7) for one in FUSIONS}
    shared = others | {BASELINE: without_sentences(0.60, 0.64)}
    of_each = [replace(one, image_encoder="none", variant=one.fusion) for one in FUSIONS]
    unshared = others | dict.fromkeys(of_each, without_sentences(0.60, 0.64))
    variance = SeedVariance(0.0008, 0.0, 6)
    together, _ = pool(PAIRS, shared, variance)
    apart, _ = pool([*zip(FUSIONS, of_each, strict=True)], unshared, variance)
    assert together.error**2 == pytest.approx(0.0008 / 2 * (1 + 1 / 6))
    assert apart.error**2 == pytest.approx(0.0008 / 2 * (1 / 6 + 1 / 6))


@pytest.mark.parametrize(("number", "spread"), [(2, 0.03), (5, 0.0), (5, 0.03)])
def test_intervals_hold_the_truth(rng, number, spread):
    covered = []
    for _ in range(300):
        gold, recall = rng.poisson(1.5, 200), rng.beta(7, 3, (number + 1, 200))
        systems = {}
        for index, one in enumerate([BASELINE, *FUSIONS[:number]]):
            drawn = system(rng, gold, 1 if index == 1 else 3, recall[index])
            truth = rng.normal(0, spread) if index else 0
            systems[one] = Seeds(drawn.scores + truth + rng.normal(0, 0.01, len(drawn)), drawn.influence)
        low, high = pool(PAIRS[:number], systems, SeedVariance.pooled(systems.values()))[0].interval()
        covered.append(low < 0 < high)
    assert 0.91 < np.mean(covered) < 0.995


def test_a_row_a_data_set_and_a_sentence(tmp_path):
    runs = {replace(TEXT, seed=seed): counts(0.6, seed) for seed in (1, 2, 3)}
    runs |= {replace(LINEAR, seed=seed): counts(0.8, seed + 10, 0.5) for seed in (1, 2)}
    runs[replace(LINEAR, fusion="gated")] = counts(0.8, 20, 0.5)
    held = BASELINES | {replace(LINEAR.combination, fusion="gated"): {"image": BASELINE}}
    comparisons, _ = compare_with_baselines(runs, held, POOLS, MARGIN, TRIALS)
    [row] = pooled_rows(pooled_answers(runs, comparisons, POOLS))
    assert set(row) == set(TABLE.names)
    assert [row[name] for name in ("models", "one_seed", "runs", "baseline_runs")] == [2, 1, 3, 3]
    assert row["difference"] == pytest.approx(0.2, abs=0.05) and 0 < row["low"] < row["p"] + row["high"]
    TABLE.write([tmp_path / "pooled.csv", tmp_path / "pooled.md"], [row])
    assert re.fullmatch(
        r"On average over 2 models, the image changes entity F1 by \+\d+\.\d\d points \(95 % interval \+.*, "
        r"p\u00a0<\u00a00\.001\); 1 of the models ran with one seed\.",
        sentence(TABLE.read(tmp_path / "pooled.csv")[0]),
    )
    nothing = row | {"low": -0.1, "source": "caption+ocr", "one_seed": 0, "p": 0.2}
    said = "On average over 2 models with the filter stem, the caption and ocr change entity F1"
    assert sentence(nothing | {"filter": "stem"}).startswith(said)
    assert sentence(nothing).endswith("p\u00a0=\u00a00.200): neither a gain nor a loss can be shown.")


def test_where_no_system_has_two_seeds_the_mean_stands_alone():
    runs = {TEXT: counts(0.6, 1), LINEAR: counts(0.8, 2, 0.5)}
    comparisons, _ = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    [row] = pooled_rows(pooled_answers(runs, comparisons, POOLS))
    assert row["difference"] == pytest.approx(0.2, abs=0.05)
    assert {row[name] for name in ("low", "high", "p", "spread")} == {None}
    assert sentence(row).endswith("; with one seed each, there is no interval.")
    blind = {replace(run, seed=seed): counts(0.0, seed) for run in (TEXT, LINEAR) for seed in (1, 2)}
    comparisons, _ = compare_with_baselines(blind, BASELINES, POOLS, MARGIN, TRIALS)
    [row] = pooled_rows(pooled_answers(blind, comparisons, POOLS))
    said = "since no model with two seeds finds an entity, there is no interval."
    assert sentence(row) == f"On average over 1 model, the image changes entity F1 by +0.00 points; {said}"


def test_points_of_a_learning_curve_and_rivals_are_left_out():
    tenth = [replace(run, variant="tenth") for run in (TEXT, LINEAR)]
    asked, rival = (replace(run, text_encoder="gpt") for run in (TEXT, LINEAR))
    runs = {run: counts(0.7, 1, *[0.5] * (run.image_encoder != "none")) for run in (TEXT, LINEAR, *tenth)}
    runs |= {asked: counts(0.8, 2), rival: counts(0.9, 2, 0.5)}
    held = BASELINES | {tenth[1].combination: {"image": tenth[0].combination}}
    held |= {rival.combination: {"image": asked.combination}}
    pools = SeedPools(["gpt"], {"tenth": 0.1})
    comparisons, _ = compare_with_baselines(runs, held, pools, MARGIN, TRIALS)
    assert len(comparisons) == 3
    [answer] = pooled_answers(runs, comparisons, pools)
    assert (answer.models, answer.difference.value) == (1, comparisons[0].difference.value)


def test_data_sets_filters_and_sources_are_pooled_each_by_itself():
    runs = {}
    for dataset, chosen in (("a", "none"), ("a", "stem"), ("b", "none")):
        for one, share in ((TEXT, 0.6), (LINEAR, 0.7), (replace(TEXT, variant="caption"), 0.65)):
            runs |= {
                replace(one, dataset=dataset, filter=chosen, seed=seed): counts(share, seed)
                for seed in (1, 2)
            }
    held = {
        replace(one, dataset=dataset, filter=chosen): {
            source: replace(other, dataset=dataset, filter=chosen) for source, other in others.items()
        }
        for one, others in BASELINES.items()
        for dataset, chosen in (("a", "none"), ("a", "stem"), ("b", "none"))
    }
    comparisons, _ = compare_with_baselines(runs, held, POOLS, MARGIN, TRIALS)
    answers = pooled_answers(runs, comparisons, POOLS)
    found = [(one.dataset, one.filter, one.source, one.models) for one in answers]
    assert found == [
        (dataset, chosen, source, 1)
        for dataset, chosen in (("a", "none"), ("a", "stem"), ("b", "none"))
        for source in ("caption", "image")
    ]
    assert isinstance(comparisons[0].combination, Combination)
