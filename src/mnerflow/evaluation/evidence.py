"""Does a source help? Compare every run with its baseline, and with itself when the source is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby, product
from types import MappingProxyType

import numpy as np

from mnerflow.conditions import CHANGES, Condition, changes_of
from mnerflow.evaluation.comparison import Comparison, Control
from mnerflow.evaluation.counts import Counts, by_combination, check_same_posts
from mnerflow.evaluation.metrics import GOLD
from mnerflow.evaluation.seeds import Estimate, pooled_systems, pooled_variances, systems_of
from mnerflow.evaluation.statistics import TRIALS, almost_stochastic_order, approximate_randomization, holm
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.record import TrainingRecord


def compare_with_baselines(
    runs: Mapping[Run, Counts],
    baselines: Baselines,
    pools: SeedPools,
    margin: float,
    trials: int = TRIALS,
    controls: Baselines = MappingProxyType({}),
) -> tuple[list[Comparison], list[Run]]:
    """Compare every combination with its baselines, each with all of its seeds.

    The variance between seeds is pooled over the combinations of a pool that find anything; that of drops
    over those of them that have a baseline. Rivals are compared one at a time, since a trial may have queried
    fewer posts than other rivals did.

    Args:
        runs: counts of the test split.
        baselines: what each combination is compared with.
        pools: over which combinations the variance between seeds is pooled.
        margin: entity F1, a fraction; a smaller change counts as none.
        trials: number of trials of the randomization test, which is left out where it is 0.
        controls: the matched controls of each combination; a control that was not run is left out.

    Returns:
        The comparisons in the order of the runs, those of rivals last, and the runs with a baseline that was
        not run.

    Raises:
        UserError: when runs of one data set and filter, trained or of one rival, were not predicted from the
            same posts.
    """
    comparisons, alone = [], []
    by_rival = sorted(runs, key=lambda run: (pools.rival(run), run))
    for _, group in groupby(by_rival, key=lambda run: (pools.rival(run), run.data)):
        members = {run: runs[run] for run in group}
        check_same_posts(members.items())
        data = _Data(members, baselines, pools, margin, trials)
        for one, of_seeds in groupby(members, key=lambda run: run.combination):
            combined = [*of_seeds]
            for source, baseline in baselines.get(one, {}).items():
                if baseline in data.systems:
                    found = data.controls(one, source, controls.get(one, {}))
                    comparisons.append(replace(data.compare(one, source, baseline), controls=found))
                else:
                    alone += combined
    return corrected(comparisons), [*dict.fromkeys(alone)]


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons, their p corrected over all comparisons with ``several_seeds`` (Holm 1979)."""
    p_values = iter(holm([one.difference.p for one in comparisons if one.several_seeds]))
    return [replace(one, p_corrected=next(p_values) if one.several_seeds else None) for one in comparisons]


def unlike_baselines(
    comparisons: Sequence[Comparison], records: Mapping[Run, TrainingRecord]
) -> list[list[str]]:
    """What differs between the two sides of each comparison, over its seeds, as ``TrainingRecord.unlike``.

    Matched controls count to the side of the baseline.
    """
    seeds = {one: [*runs] for one, runs in groupby(sorted(records), key=lambda run: run.combination)}
    found = []
    for comparison in comparisons:
        others = [comparison.baseline, *(one.combination for one in comparison.controls.values())]
        against = chain.from_iterable(seeds.get(other, ()) for other in others)
        sides = product(seeds.get(comparison.combination, ()), against)
        unlike = (records[run].unlike(records[other]) for run, other in sides)
        found.append(sorted({*chain.from_iterable(unlike)}))
    return found


def stray_controls(
    comparisons: Sequence[Comparison], records: Mapping[Run, TrainingRecord]
) -> list[Combination]:
    """The combinations that were trained with altered sources but are not a control in any comparison."""
    held = {control.combination for one in comparisons for control in one.controls.values()}
    trained = {run.combination for run, record in records.items() if record.config.get("train_with")}
    return sorted(trained - held)


class _Data:
    """The trained runs of one data set and filter, or those of one rival."""

    def __init__(
        self, runs: Mapping[Run, Counts], baselines: Baselines, pools: SeedPools, margin: float, trials: int
    ) -> None:
        self.runs, self.pools, self.margin, self.trials = runs, pools, margin, trials
        self.systems = systems_of(runs)
        self.members = by_combination(runs)
        pooled = pooled_systems(self.systems)
        self.variances = pooled_variances(self.systems, pooled, pools)
        # A model trained with altered sources loses nothing without true ones, whatever the seed, so its
        # drops say nothing about the variance of others.
        self.compared = [one for one in pooled if baselines.get(one)]
        self.drops = {
            name: self._drops(name) for name in dict.fromkeys(chain(*(c.changed for c in runs.values())))
        }

    def _drops(self, name: str) -> dict[Combination, Estimate]:
        wrong = systems_of(self.runs, name)
        drops = {one: self.systems[one] - system for one, system in wrong.items()}
        compared = {one: drops[one] for one in self.compared if one in drops}
        variances = pooled_variances(drops, compared, self.pools)
        return {one: variances[one].mean(drop) for one, drop in drops.items()}

    def controls(
        self, one: Combination, source: str, controls: Mapping[str, Combination]
    ) -> dict[str, Control]:
        """The controls trained with this source changed, by the kind of change."""
        named = ((change, controls.get(Condition(source, change).name)) for change in CHANGES)
        return {
            change: Control(
                control,
                len(self.systems[control]),
                self.systems[control].mean,
                self.variances[one].difference(self.systems[one], self.systems[control]),
            )
            for change, control in named
            if control in self.systems
        }

    def compare(self, one: Combination, source: str, baseline: Combination) -> Comparison:
        fusion, other = self.systems[one], self.systems[baseline]
        names = [condition.name for condition in changes_of(source.split("+"))]
        drops = {name: self.drops[name][one] for name in names if one in self.drops.get(name, {})}
        of_run, of_baseline = self.members[one], self.members[baseline]
        first, second = (
            np.stack([counts.plain.sum(axis=1) for counts in side]) for side in (of_run, of_baseline)
        )
        shuffled = Condition(source, "shuffled").name
        return Comparison(
            combination=one,
            source=source,
            baseline=baseline,
            seeds=len(fusion),
            baseline_seeds=len(other),
            baseline_score=other.mean,
            fusion_score=fusion.mean,
            difference=self.variances[one].difference(fusion, other),
            p_corrected=None,
            p_trained=approximate_randomization(first, second, self.trials) if self.trials else None,
            drops=drops,
            changed=float(np.mean([c.changed[shuffled].mean() for c in of_run]))
            if shuffled in drops
            else None,
            order=almost_stochastic_order(fusion.scores.tolist(), other.scores.tolist()),
            margin=self.margin,
            sentences=int(np.count_nonzero(first[0, :, GOLD])),
        )
