"""Statistics on cases whose answer is known, and against scipy where it does the same."""

import numpy as np
import pytest

from mnerflow.evaluation.statistics import (
    almost_stochastic_order,
    approximate_randomization,
    f1,
    holm,
    violation,
)


def system(rng: np.random.Generator, gold: np.ndarray, recall: float, seeds: int = 3) -> np.ndarray:
    """Counts of a system that finds each gold entity with probability ``recall``, and some that are none."""
    hits = rng.binomial(gold, recall, size=(seeds, len(gold)))
    predicted = hits + rng.poisson(0.3, hits.shape)
    return np.stack([hits, predicted, np.broadcast_to(gold, hits.shape)], axis=-1)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_f1_of_counts():
    assert f1(np.array([[2, 4, 4], [0, 0, 0], [3, 3, 3]])).tolist() == [0.5, 0, 1]


def test_identical_systems_do_not_differ(rng):
    counts = system(rng, rng.poisson(1.5, 300), 0.7)
    assert approximate_randomization(counts, counts, 1_000) == 1
    assert approximate_randomization(counts, np.concatenate([counts, counts]), 1_000) == 1


def test_a_system_better_by_construction_differs(rng):
    gold = rng.poisson(1.5, 300)
    worse = system(rng, gold, 0.6)
    better = system(rng, gold, 0.8)
    assert approximate_randomization(better, worse, 1_000) == pytest.approx(1 / 1_001)


def test_one_in_twenty_equal_pairs_is_found_different(rng):
    p_values = []
    for _ in range(400):
        gold = rng.poisson(1.5, 100)
        first, second = system(rng, gold, 0.7, seeds=1), system(rng, gold, 0.7, seeds=1)
        p_values.append(approximate_randomization(first, second, 200))
    # Three standard errors of a share of 5 % in 400 trials are 3.3 points.
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.033)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.05)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == [1, 1]
    assert holm([]) == []


def test_almost_stochastic_order():
    low, high = [0.70, 0.71, 0.72, 0.73, 0.74], [0.80, 0.81, 0.82, 0.83, 0.84]
    assert almost_stochastic_order(high, low) == 0
    assert almost_stochastic_order(low, high) == 1
    assert almost_stochastic_order([0.7] * 5, [0.7] * 5) == 0.5
    assert almost_stochastic_order(high, low[:4]) is None


def test_violation_worked_out_by_hand():
    # Quantile differences 0.1, -0.1, 0.2, each over a third: 0.01 / (0.01 + 0.01 + 0.04).
    first, second = [0.2, 0.3, 0.7], [0.1, 0.4, 0.5]
    assert violation(np.array([first]), np.array([second])) == pytest.approx(1 / 6)
