"""Does a source help? Compare every run with its baseline, and with itself when the source is changed.

A baseline is the same run with one source taken away: data set, filter, encoders and variant are the same.
A matched control is the same run, trained with the source shuffled or blank. The baseline tells whether the
source is worth its model, the control whether the source itself makes the difference.
``rules`` explain the verdicts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, product
from types import MappingProxyType

import numpy as np

from mnerflow.conditions import CHANGES, Condition
from mnerflow.evaluation.counts import Counts, check_same_posts
from mnerflow.evaluation.seeds import Estimate, pooled_systems, pooled_variances, systems_of
from mnerflow.evaluation.statistics import (
    SIGNIFICANCE,
    TRIALS,
    almost_stochastic_order,
    approximate_randomization,
    holm,
)
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.record import TrainingRecord

ONE_SEED = "one seed"
CLOSE = 0.0005  # entity F1: about the accuracy to which bounds are known


def rules(margin: float) -> tuple[str, ...]:
    """How a verdict is reached, in paragraphs; ``margin`` is in points of entity F1."""
    return (
        "A baseline is the same run with one source taken away: without its image, a fusion is text only. "
        "Data set, filter, text encoder and variant are the same. With `images: {broken: drop}`, a baseline "
        "also learns from the posts whose images cannot be used. The verdict is the first of the following "
        "that applies.",
        "one seed: the run or its baseline was trained only once, so nothing shows how much another seed "
        "would change the result.",
        "gains: the run is significantly better than its baseline, and its entity F1 drops significantly "
        "when the source is shuffled among the posts.",
        "ignores: the run's entity F1 is above zero. With the source shuffled, and also with it blank, it "
        f"stays within {margin:g} points of its value with the true source.",
        "loses: the run is significantly worse than its baseline, and its entity F1 changes significantly "
        "when the source is shuffled or blank.",
        "relies: the run's entity F1 drops significantly when the source is shuffled, but its gain over the "
        f"baseline is less than {margin:g} points. It relies on the source without gaining from it.",
        "unclear: none of these could be shown.",
        "Significantly better or worse means p < 0.05 after Holm's correction over all comparisons of the "
        "table with two seeds or more on both sides. A drop or change is significant if its 95 % interval "
        "excludes zero. Both account for the variance over sentences and over seeds. Staying within the "
        "margin, or gaining less than it, is shown by one-sided tests at 5 %. The margin is "
        f"{margin:g} points (`margin` in the configuration). The *smallest margin* is the one at which a run "
        "would begin to count as ignoring its source.",
        "Language models are not queried with altered images, and published runs may lack predictions with "
        "altered captions. Such runs gain or lose when they are significantly better or worse. If a variant "
        "adds several contexts at once, each is shuffled and blanked by itself, and one significant drop is "
        "enough.",
    )


@dataclass(frozen=True, slots=True)
class Control:
    """A matched control of a combination, with all of its seeds, scored with true sources.

    ``score`` is a fraction; ``difference`` is the combination minus its control. Its p is not corrected.
    """

    combination: Combination
    seeds: int
    score: float
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """A combination and its baseline, each with all of its seeds; scores are fractions.

    Attributes:
        source: what the combination reads and the baseline does not.
        difference: score of the combination minus that of its baseline.
        drops: entity F1 that the trained model loses, by the name of the condition, for conditions that all
            its runs were predicted under.
        p_corrected: p after correction; ``None`` where a side has a single seed, which is not corrected for.
        p_trained: p of a test of these trained models alone; ``None`` where that test was left out.
        changed: share of sentences that are tagged differently when the source is shuffled.
        order: bound of almost stochastic order, below 0.5 where the fusion's seeds are almost stochastically
            better; ``None`` below five seeds.
        margin: entity F1; a smaller change counts as none.
        controls: matched controls, by the change of the source that they were trained with. No verdict
            depends on them.
    """

    combination: Combination
    source: str
    baseline: Combination
    seeds: int
    baseline_seeds: int
    baseline_score: float
    fusion_score: float
    difference: Estimate
    p_corrected: float | None
    p_trained: float | None
    drops: dict[str, Estimate]
    changed: float | None
    order: float | None
    margin: float
    controls: Mapping[str, Control] = field(default_factory=dict)

    @property
    def several_seeds(self) -> bool:
        """Whether both sides have two seeds or more; otherwise there is no verdict."""
        return min(self.seeds, self.baseline_seeds) > 1

    @property
    def sign(self) -> int:
        """1 where the fusion is significantly better than its baseline, -1 where it is worse, else 0."""
        return self._sign(0.0)

    def drop(self, change: str) -> Estimate | None:
        """The drop with its source ``shuffled`` or ``blank``; ``None`` for several sources at once."""
        return self.drops.get(Condition(self.source, change).name)

    @property
    def smallest_margin(self) -> float | None:
        """The smallest margin at which all drops count as none; ``None`` without drops."""
        return max((drop.smallest_margin for drop in self.drops.values()), default=None)

    @property
    def verdict(self) -> str:
        """The first of ``rules`` that applies."""
        return self._verdict(0.0)

    @property
    def close(self) -> bool:
        """Whether the verdict would change if interval bounds were moved in or out by ``CLOSE``."""
        return len({self._verdict(slack) for slack in (-CLOSE, 0.0, CLOSE)}) > 1

    def _verdict(self, slack: float) -> str:
        """The verdict when all intervals are wider by ``slack`` on either side."""
        if not self.several_seeds:
            return ONE_SEED
        sign, drops = self._sign(slack), self.drops.values()
        shuffled = [drop for name, drop in self.drops.items() if Condition.named(name).change == "shuffled"]
        looks = any(_leaves_out_zero(drop.interval(), slack) > 0 for drop in shuffled)
        if sign > 0 and (looks or not drops):
            return "gains"
        if self.fusion_score and drops and all(d.smallest_margin + slack < self.margin for d in drops):
            return "ignores"
        if sign < 0 and (not drops or any(_leaves_out_zero(d.interval(), slack) for d in drops)):
            return "loses"
        if looks and self.difference.interval(1 - 2 * SIGNIFICANCE)[1] + slack < self.margin:
            return "relies"
        return "unclear"

    def _sign(self, slack: float) -> int:
        if not self.p_corrected:  # a single seed on a side, or nothing that varies
            return int(np.sign(self.difference.value)) if self.p_corrected == 0 else 0
        # The level that Holm's correction leaves for this p: the interval excludes zero exactly where the
        # corrected p is below SIGNIFICANCE.
        level = SIGNIFICANCE * self.difference.p / self.p_corrected
        return _leaves_out_zero(self.difference.interval(1 - level), slack)


def _leaves_out_zero(interval: tuple[float, float], slack: float) -> int:
    """1 where the interval, widened by ``slack``, is above zero, -1 where it is below, else 0.

    A negative slack narrows the interval, at most to its middle.
    """
    low, high = interval
    slack = max(slack, (low - high) / 2)
    return int(low - slack > 0) - int(high + slack < 0)


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
        self.members: dict[Combination, list[Counts]] = {}
        for run, counts in runs.items():
            self.members.setdefault(run.combination, []).append(counts)
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
        names = [Condition(part, change).name for part in source.split("+") for change in CHANGES]
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
        )
