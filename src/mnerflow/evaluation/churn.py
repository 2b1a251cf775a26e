"""Churn: the share of test posts that two runs tag differently.

Two seeds of one model also differ. So the effect of a source is compared with the effect of another seed: a
combination and its baseline are compared over pairs of *different* seeds, like two runs of one model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from mnerflow.conditions import CHANGES, Condition
from mnerflow.evaluation.counts import Counts, by_data
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Combination, Run

Members = Mapping[int, Counts]  # by seed


@dataclass(frozen=True, slots=True)
class Shares:
    """Share of posts tagged differently, over a number of pairs of runs: mean, lowest and highest."""

    pairs: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Churn:
    """How the tags of a combination's test posts vary; ``Shares`` are ``None`` without a pair of runs.

    Attributes:
        runs: number of the combination's runs.
        seeds: churn over pairs of the combination's runs.
        source: the source that the baseline lacks; ``None`` without a baseline.
        baseline: the baseline of the combination, if it has one.
        baseline_seeds: churn over pairs of the baseline's runs.
        across: churn over pairs of a run and a baseline run with different seeds.
        same_seed: churn over pairs of a run and the baseline run with the same seed.
        changed: by change, the share of posts that the trained model tags differently when the source is
            changed, a mean over runs. A change is left out unless all runs were predicted under it.
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
        """The churn that another seed causes: the mean of ``seeds`` and ``baseline_seeds``."""
        if self.seeds is None or self.baseline_seeds is None:
            return None
        return (self.seeds.mean + self.baseline_seeds.mean) / 2

    @property
    def beyond_seeds(self) -> float | None:
        """The churn that the source adds to that of another seed: ``across`` minus ``seeds_alone``.

        If the two sides tag a post in a given way with probabilities p and q, its expected value is
        ``Σ (p - q)² / 2``, summed over all ways. It is 0 where the source changes nothing; an estimate may be
        lower.
        """
        alone = self.seeds_alone
        return None if self.across is None or alone is None else self.across.mean - alone


def churn(runs: Mapping[Run, Counts], baselines: Baselines) -> list[Churn]:
    """The churn of every combination, once for each source that a baseline lacks, in the order of the runs.

    ``runs`` maps each run to its counts on the test split. Raises ``UserError`` when the runs of one data set
    and filter were not predicted from the same posts.
    """
    found = []
    for _, members in by_data(runs):
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
