"""One answer a data set: the mean difference over all models that read a source, and how they differ.

``Seeds`` says how far one difference is from the truth. Those of one data set share test sentences and
baselines, so that they err together; docs/metrics.md derives the formulas.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf, sqrt

import numpy as np

from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.evidence import Comparison
from mnerflow.evaluation.seeds import Estimate, Seeds, SeedVariance, alike, systems_of
from mnerflow.plan.names import Combination, Run
from mnerflow.record import TrainingRecord


@dataclass(frozen=True, slots=True)
class Pooled:
    """What a source is worth on a data set and filter, over ``models`` that read it, combinations each.

    ``one_seed`` of these ran once; ``runs`` are all of theirs, ``baseline_runs`` those of their baselines.
    ``difference`` is the mean over models of entity F1 with the source minus without, a fraction;
    ``spread`` the standard deviation of what single models truly gain, ``None`` of one model or without
    two seeds of any.
    """

    dataset: str
    filter: str
    source: str
    models: int
    one_seed: int
    runs: int
    baseline_runs: int
    difference: Estimate
    spread: float | None


def of_all_posts(
    comparisons: Iterable[Comparison], records: Mapping[Run, TrainingRecord]
) -> list[Comparison]:
    """The comparisons of models that were trained, and on all training posts, by their ``records``."""
    learnt = {run.combination for run, one in records.items() if one.config.get("train_fraction", 1) == 1}
    return [one for one in comparisons if one.combination in learnt]


def pooled_answers(runs: Mapping[Run, Counts], comparisons: Iterable[Comparison]) -> list[Pooled]:
    """An answer for each data set, filter and source of ``comparisons``, in order.

    Args:
        runs: counts of the test split, of all runs that the comparisons were made of.
        comparisons: of models that take part, ``of_all_posts``.
    """

    def task(one: Comparison) -> tuple[str, str, str]:
        return one.combination.dataset, one.combination.filter, one.source

    found = []
    for (dataset, chosen, source), group in groupby(sorted(comparisons, key=task), key=task):
        pairs = [(one.combination, one.baseline) for one in group]
        of_data = {
            run: counts for run, counts in runs.items() if (run.dataset, run.filter) == (dataset, chosen)
        }
        systems = systems_of(of_data)
        difference, spread = pool(pairs, systems, SeedVariance.pooled(alike(systems).values()))
        seeds = [len(systems[one]) for one, _ in pairs]
        found.append(
            Pooled(
                dataset,
                chosen,
                source,
                len(pairs),
                seeds.count(1),
                sum(seeds),
                sum(len(systems[one]) for one in {baseline for _, baseline in pairs}),
                difference,
                spread,
            )
        )
    return found


def pool(
    pairs: Sequence[tuple[Combination, Combination]],
    systems: Mapping[Combination, Seeds],
    variance: SeedVariance,
) -> tuple[Estimate, float | None]:
    """The mean difference over pairs of a system and its baseline, and the spread between systems.

    Systems count alike, whatever their seeds. The spread is a standard deviation by the method of moments, as
    that of DerSimonian and Laird (1986), with errors that covary; degrees of freedom as by Satterthwaite
    (1946).
    """
    number, members = len(pairs), [*dict.fromkeys(one for pair in pairs for one in pair)]
    sign = np.array([[(one == first) - (one == second) for one in members] for first, second in pairs], float)
    differences = sign @ [systems[one].mean for one in members]
    value = float(differences.mean())
    if variance.between == inf:
        return Estimate(value, inf, 1.0), None
    influence = sign @ np.stack([systems[one].influence.mean(axis=0) for one in members])
    count = influence.shape[1]
    of_sentences = influence @ influence.T * count / max(count - 1, 1)
    of_seeds = sign @ (sign / [len(systems[one]) for one in members]).T  # in variances of one seed
    sentences, seeds, between = float(of_sentences.mean()), float(of_seeds.mean()), 0.0
    excess = None
    if number > 1:
        covariance = of_sentences + variance.main * of_seeds
        found = float(differences.var(ddof=1))
        excess = max(0.0, found - float(np.trace(covariance) / number - _shared(covariance)))
        if excess:
            # What single systems add is part of how they differ; beside it stands what they share.
            sentences, seeds, between = _shared(of_sentences), _shared(of_seeds), found / number
    square = sentences + seeds * variance.main + between
    uncertainty = sentences**2 / max(count - 1, 1) + (seeds * variance.between) ** 2 / variance.df
    uncertainty += between**2 / max(number - 1, 1)
    freedom = square**2 / uncertainty if uncertainty else variance.df
    return Estimate(value, sqrt(square), max(1.0, freedom)), excess if excess is None else sqrt(excess)


def _shared(covariance: np.ndarray) -> float:
    """The mean covariance of two different systems."""
    number = len(covariance)
    return float((covariance.sum() - np.trace(covariance)) / (number * (number - 1)))
