"""Differences and drops over seeds: against scipy where it does the same, and on simulated truth."""

import numpy as np
import pytest
from scipy.special import stdtr
from simulated_counts import simulated_counts

from mnerflow.evaluation.power import Variances
from mnerflow.evaluation.seeds import Estimate, Seeds, SeedVariance
from mnerflow.evaluation.statistics import SIGNIFICANCE, f1


def system(rng: np.random.Generator, gold: np.ndarray, seeds: int, recall: np.ndarray | float = 0.7) -> Seeds:
    """A system that finds each gold entity with probability ``recall``, and some that are none."""
    return Seeds.of(simulated_counts(rng, gold, recall, seeds))


def without_sentences(*scores: float) -> Seeds:
    """Seeds of which all sentences say the same."""
    return Seeds(np.array(scores), np.zeros((len(scores), 10)))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_variance_of_sentences_agrees_with_the_bootstrap(rng):
    gold = rng.poisson(1.5, 700)
    counts = simulated_counts(rng, gold, 0.7, seeds=4)
    first, second = Seeds.of(counts[:2]), Seeds.of(counts[2:])
    drawn = rng.multinomial(700, np.full(700, 1 / 700), size=4_000)
    resampled = f1(np.einsum("rs,ksc->rkc", drawn, counts))
    variance = SeedVariance.pooled([first, second])
    for found, scores in (
        (variance.mean(first), resampled @ [0.5, 0.5, 0, 0]),
        (variance.difference(first, second), resampled @ [0.5, 0.5, -0.5, -0.5]),
    ):
        # Two seeds that differ by chance alone: their variance adds nothing.
        assert found.value == pytest.approx(scores.mean(), abs=0.001)
        assert found.error == pytest.approx(scores.std(), rel=0.05)


@pytest.mark.parametrize("one_pool", [True, False])
def test_without_sentences_it_is_the_t_test_pooled_or_of_welch(one_pool):
    from scipy.stats import ttest_1samp, ttest_ind

    scores = (0.81, 0.83, 0.80), (0.82, 0.85, 0.84, 0.86)
    second, first = (without_sentences(*each) for each in scores)
    pools = [[first, second]] * 2 if one_pool else [[first], [second]]
    of_first, of_second = map(SeedVariance.pooled, pools)
    found = of_first.difference(first, second, of_second)
    reference = ttest_ind(scores[1], scores[0], equal_var=one_pool)
    assert found.df == pytest.approx(reference.df)
    assert found.p == pytest.approx(reference.pvalue)
    assert found.interval() == pytest.approx(reference.confidence_interval(0.95))
    alone = SeedVariance.pooled([first]).mean(first)
    assert alone.interval() == pytest.approx(ttest_1samp(scores[1], 0).confidence_interval(0.95))


def test_a_single_seed_borrows_the_variance_of_the_others():
    fusion, baseline = without_sentences(0.84), without_sentences(0.81, 0.83, 0.85)
    found = SeedVariance.pooled([fusion, baseline]).difference(fusion, baseline)
    assert found.value == pytest.approx(0.01)  # against all seeds of the baseline
    assert found.error == pytest.approx(0.02 * np.sqrt(1 + 1 / 3))
    assert found.df == pytest.approx(2)


def test_nothing_is_known_where_no_system_has_two_seeds():
    fusion, baseline = without_sentences(0.84), without_sentences(0.81)
    found = SeedVariance.pooled([fusion, baseline]).difference(fusion, baseline)
    assert (found.value, found.known, found.p) == (pytest.approx(0.03), False, 1)
    assert (found.interval(), found.smallest_margin) == ((-np.inf, np.inf), np.inf)
    assert Variances.of(fusion, baseline, [fusion, baseline]).detectable(5, 1_000) == np.inf


def test_one_test_post_is_enough_for_power():
    fusion, baseline = (Seeds(np.array([0.5, score]), np.zeros((2, 1))) for score in (0.7, 0.8))
    found = Variances.of(fusion, baseline, [fusion, baseline])
    assert found.detectable(2, 1) == pytest.approx(found.detectable(2, 2))


def test_a_drop_of_the_same_weights_is_paired(rng):
    true = system(rng, rng.poisson(1.5, 300), 3)
    same = true - true
    assert SeedVariance.pooled([same]).mean(same) == Estimate(0.0, 0.0, 2.0)
    less = true - Seeds(true.scores - 0.1, true.influence)
    found = SeedVariance.pooled([less]).mean(less)
    assert (found.value, found.error) == (pytest.approx(0.1), pytest.approx(0, abs=1e-9))


def test_a_system_that_never_changes_among_others_that_do_has_no_drop(rng):
    gold = rng.poisson(1.5, 300)
    true, wrong = system(rng, gold, 3), system(rng, gold, 3)
    looks, ignores = true - wrong, true - true
    variance = SeedVariance.pooled([looks, ignores])
    found = variance.mean(ignores)
    assert found.value == 0
    assert np.isfinite([found.p, *found.interval(), *variance.mean(looks).interval()]).all()


def test_nothing_that_differs_is_no_difference():
    nothing = Estimate(0.0, 0.0, 2.0)
    assert (nothing.p, nothing.interval()) == (1, (0, 0))
    assert nothing.smallest_margin == 0


def test_equivalence_holds_from_the_smallest_margin_on():
    found = Estimate(0.002, 0.003, 12.0)
    low, high = found.interval(0.9)
    assert found.smallest_margin == pytest.approx(high) and low < 0
    nearer, farther = ((found.value + side * found.smallest_margin) / found.error for side in (1, -1))
    assert stdtr(found.df, farther) == pytest.approx(SIGNIFICANCE)
    assert 1 - stdtr(found.df, nearer) < SIGNIFICANCE


def test_an_interval_of_two_seeds_ends_where_f1_does():
    assert Estimate(0.27, 0.1, 1.0).interval() == (-1, 1)
    assert Estimate(-0.9, 0.05, 30.0).interval()[0] == -1


def test_seeds_that_differ_by_chance_alone_have_no_variance_of_their_own(rng):
    gold = rng.poisson(1.5, 300)
    pooled = SeedVariance.pooled([system(rng, gold, 5) for _ in range(40)])
    assert pooled.between == pytest.approx(pooled.interaction, rel=0.3)
    assert pooled.df == 160


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_intervals_hold_the_truth(rng, seeds):
    covered = []
    for _ in range(300):
        gold, recall = rng.poisson(1.5, 200), rng.beta(7, 3, (6, 200))
        systems = {}
        for name, number in enumerate((seeds, seeds, seeds, 3, 3)):
            drawn = system(rng, gold, number, recall[name])
            systems[name] = Seeds(drawn.scores + rng.normal(0, 0.01, number), drawn.influence)
        variance = SeedVariance.pooled(systems.values())
        intervals = [variance.difference(systems[name], systems[0]).interval() for name in (1, 2)]
        covered += [low < 0 < high for low, high in intervals]
    assert 0.91 < np.mean(covered) < 0.99


def test_the_detectable_difference_is_that_of_the_runs_at_hand(rng):
    from scipy.stats import t

    gold = rng.poisson(1.5, 400)
    systems = {}
    for name in range(4):
        drawn = system(rng, gold, 3, rng.beta(7, 3, 400))
        systems[name] = Seeds(drawn.scores + rng.normal(0, 0.02, 3), drawn.influence)
    seeds = SeedVariance.pooled(systems.values())
    found = seeds.difference(systems[1], systems[0])
    variances = Variances.of(systems[1], systems[0], systems.values())
    assert found.detectable == pytest.approx(t.ppf([0.975, 0.8], found.df).sum() * found.error)
    assert variances.detectable(seeds=3, sentences=400) == pytest.approx(found.detectable)
    # With any number of sentences, only seeds are left, and with any number of seeds, only sentences.
    of_seeds = t.ppf([1 - 0.025 / 14, 0.8], 4 * (5 - 1)).sum() * (2 / 5 * seeds.main) ** 0.5
    assert variances.detectable(5, 10**12, comparisons=14) == pytest.approx(of_seeds)
    of_sentences = t.ppf([0.975, 0.8], 200 - 1).sum() * (400 / 200 * variances.sentence) ** 0.5
    assert variances.detectable(10**12, 200) == pytest.approx(of_sentences)
    assert variances.detectable(seeds=1, sentences=400) == np.inf
