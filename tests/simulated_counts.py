"""Counts of systems whose true scores are known, for tests of statistics."""

import numpy as np


def simulated_counts(
    rng: np.random.Generator, gold: np.ndarray, recall: np.ndarray | float, seeds: int = 3
) -> np.ndarray:
    """Counts of a system that finds each gold entity with probability ``recall``, and some that are none."""
    hits = rng.binomial(gold, recall, size=(seeds, len(gold)))
    predicted = hits + rng.poisson(0.3, hits.shape)
    return np.stack([hits, predicted, np.broadcast_to(gold, hits.shape)], axis=-1)
