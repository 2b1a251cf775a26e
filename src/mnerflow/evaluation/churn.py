"""Churn: the share of test posts that two runs tag differently.

Two seeds of one model differ, too. So what a source changes is compared with what another seed changes: a
combination and its baseline are compared over pairs of *different* seeds, as two runs of one model are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, groupby, product

import numpy as np

from mnerflow.conditions import CHANGES, Condition
from mnerflow.evaluation.counts import Counts, check_same_posts
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Combination, Run

Members = Mapping[int, Counts]  # by seed


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of posts that is tagged differently, over so many pairs of runs: mean, lowest and highest."""

    pairs: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Churn:
    """What tags a combination's test posts differently; ``None`` where there is no pair of runs.

    ``source`` is what the ``baseline`` lacks; neither is there of a combination without one. ``seeds`` is of
    pairs of its own runs, ``baseline_seeds`` of its baseline's, ``across`` of a run of each with different
    seeds, ``same_seed`` with the same. ``changed`` is the share that the trained model tags differently with
    the source changed, by change, a mean over runs; without those that not all runs were predicted under.
    """

    combination: Combination
    runs: int
    seeds: Shares | None
    source: str | None
    baseline: Combination | None
    baseline_seeds: Shares | None
    across: Shares | None
    same_seed: Shares | None
    changed: Mapping[str, float]

    @property
    def seeds_alone(self) -> float | None:
        """What another seed changes: the mean of the churn of both sides."""
        if self.seeds is None or self.baseline_seeds is None:
            return None
        return (self.seeds.mean + self.baseline_seeds.mean) / 2

    @property
    def beyond_seeds(self) -> float | None:
        """What the source changes beyond another seed: ``across`` less ``seeds_alone``.

        On a post that the two sides tag in some way with chances p and q, it expects ``Σ (p - q)² / 2`` of
        these ways: 0 where the source changes nothing. An estimate may fall below.
        """
        alone = self.seeds_alone
        return None if self.across is None or alone is None else self.across.mean - alone


def churn(runs: Mapping[Run, Counts], baselines: Baselines) -> list[Churn]:
    """The churn of every combination, once a source that a baseline of it lacks, in the order of the runs.

    ``runs`` are counts of the test split. Raises ``UserError`` when the runs of one data set and filter were
    not predicted from the same posts.
    """
    found = []
    for _, group in groupby(sorted(runs), key=lambda run: run.data):
        members = {run: runs[run] for run in group}
        check_same_posts(members.items())
        systems: dict[Combination, dict[int, Counts]] = {}
        for run, counts in members.items():
            systems.setdefault(run.combination, {})[run.seed] = counts
        for one, by_seed in systems.items():
            others = {source: of for source, of in baselines.get(one, {}).items() if of in systems}
            if not others:
                found.append(Churn(one, len(by_seed), _within(by_seed), None, None, None, None, None, {}))
            for source, baseline in others.items():
                found.append(_compared(one, by_seed, source, baseline, systems[baseline]))
    return found


def _compared(
    one: Combination, members: Members, source: str, baseline: Combination, others: Members
) -> Churn:
    pairs = [*product(members, others)]
    conditions = {change: Condition(source, change).name for change in CHANGES}
    return Churn(
        one,
        len(members),
        _within(members),
        source,
        baseline,
        _within(others),
        _shares((members[a], others[b]) for a, b in pairs if a != b),
        _shares((members[a], others[b]) for a, b in pairs if a == b),
        {
            change: float(np.mean([counts.changed[name].mean() for counts in members.values()]))
            for change, name in conditions.items()
            if all(name in counts.changed for counts in members.values())
        },
    )


def _within(members: Members) -> Shares | None:
    return _shares(combinations(members.values(), 2))


def _shares(pairs: Iterable[tuple[Counts, Counts]]) -> Shares | None:
    found = [float((one.tagged != other.tagged).mean()) for one, other in pairs]
    return Shares(len(found), float(np.mean(found)), min(found), max(found)) if found else None
