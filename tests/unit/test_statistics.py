"""Statistics on cases whose answer is known, and against scipy where it does the same."""

from itertools import product

import numpy as np
import pytest
from simulated_counts import simulated_counts

from mnerflow.evaluation.statistics import (
    almost_stochastic_order,
    approximate_randomization,
    f1,
    holm,
    violation,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_f1_of_counts():
    assert f1(np.array([[2, 4, 4], [0, 0, 0], [3, 3, 3]])).tolist() == [0.5, 0, 1]


def test_identical_systems_do_not_differ(rng):
    counts = simulated_counts(rng, rng.poisson(1.5, 300), 0.7)
    assert approximate_randomization(counts, counts, 1_000) == 1
    assert approximate_randomization(counts, np.concatenate([counts, counts]), 1_000) == 1


def test_a_system_better_by_construction_differs(rng):
    gold = rng.poisson(1.5, 300)
    worse = simulated_counts(rng, gold, 0.6)
    better = simulated_counts(rng, gold, 0.8)
    assert approximate_randomization(better, worse, 1_000) == pytest.approx(1 / 1_001)


def test_it_is_the_share_of_all_ways_to_swap_that_differ_as_much(rng):
    gold = rng.poisson(1.5, 10)
    first, second = simulated_counts(rng, gold, 0.8, seeds=2), simulated_counts(rng, gold, 0.5, seeds=1)
    both = np.array([first.mean(axis=0), second.mean(axis=0)])
    swaps = np.array([*product([False, True], repeat=10)])[:, None, :, None]
    ways = f1(np.where(swaps, both[::-1], both).sum(axis=2))
    differences = np.abs(ways[:, 0] - ways[:, 1])
    exact = np.mean(differences >= differences[0] - 1e-9)
    for pair in ((first, second), (second, first)):
        assert approximate_randomization(*pair) == pytest.approx(exact, abs=0.02)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == [1, 1]
    assert holm([]) == []


def test_almost_stochastic_order(rng):
    low, high = [0.70, 0.71, 0.72, 0.73, 0.74], [0.80, 0.81, 0.82, 0.83, 0.84]
    assert almost_stochastic_order(high, low) == 0
    assert almost_stochastic_order(low, high) == 1
    assert almost_stochastic_order([0.7] * 5, [0.7] * 5) == 0.5
    assert almost_stochastic_order(high, low[:4]) is None
    # Of the differences 1, 2, -1, -1 and 2, the share of the negative, plus 1.645 deviations in resamples.
    first, second = np.array([0.70, 0.74, 0.75, 0.76, 0.80]), np.array([0.69, 0.72, 0.76, 0.77, 0.78])
    draws = [np.sort(rng.choice(each, (9_000, 5))) for each in (first, second)]
    difference = draws[0] - draws[1]
    shares = (difference.clip(max=0) ** 2).sum(axis=1) / (difference**2).sum(axis=1)
    assert almost_stochastic_order(first, second) == pytest.approx(2 / 11 + 1.645 * shares.std(), abs=0.03)


def test_violation_worked_out_by_hand():
    # Quantile differences 0.1, -0.1, 0.2, each over a third: 0.01 / (0.01 + 0.01 + 0.04).
    first, second = [0.2, 0.3, 0.7], [0.1, 0.4, 0.5]
    assert violation(np.array([first]), np.array([second])) == pytest.approx(1 / 6)
    # Of 0.1, -0.2, 0.2 and 0.1 over 2, 1, 1 and 2 sixths: 0.04 / (0.02 + 0.04 + 0.04 + 0.02).
    first, second = [0.2, 0.6], [0.1, 0.4, 0.5]
    assert violation(np.array([first]), np.array([second])) == pytest.approx(1 / 3)
