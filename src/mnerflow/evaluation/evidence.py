"""Does a source help? Every run against its baseline, which lacks it, and against itself with it wrong.

A baseline is the same run with one source taken away: data set, filter, encoders and variant are the same.
A matched control is the same run, trained with the source wrong. The first tells whether the source is worth
its model, the second whether it is the source that is.
``rules`` say what a verdict means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, product
from types import MappingProxyType

import numpy as np

from mnerflow.conditions import CHANGES, Condition
from mnerflow.evaluation.counts import Counts, check_same_posts
from mnerflow.evaluation.seeds import Estimate, SeedVariance, alike, systems_of
from mnerflow.evaluation.statistics import (
    SIGNIFICANCE,
    TRIALS,
    almost_stochastic_order,
    approximate_randomization,
    holm,
)
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Combination, Run
from mnerflow.record import TrainingRecord

ONE_SEED = "one seed"
CLOSE = 0.0005  # entity F1: bounds are hardly known better


def rules(margin: float) -> tuple[str, ...]:
    """How a verdict is reached, a paragraph each; ``margin`` is in points of entity F1."""
    return (
        "A baseline is the same run with one source taken away: without its image a fusion is text only. "
        "Data set, filter, text encoder and variant are the same; with `images: {broken: drop}` a baseline "
        "also learns from the posts whose images cannot be used. The verdict is the first of these that "
        "holds.",
        "one seed: the run or its baseline was trained once, so that nothing shows how much another seed "
        "would change of it.",
        "gains: the run is significantly better than its baseline, and its entity F1 drops significantly "
        "when the source is shuffled among the posts.",
        f"ignores: its entity F1 is above zero, and with the source shuffled, and with it blank, is the same "
        f"as with the true one to within {margin:g} points.",
        "loses: it is significantly worse than its baseline, and its entity F1 changes significantly with "
        "the source shuffled or blank.",
        f"relies: its entity F1 drops significantly when the source is shuffled, and yet the true source "
        f"gains it less than {margin:g} points. It relies on the source and gains nothing by it.",
        "unclear: none of these could be shown.",
        "Significantly better or worse: p < 0.05 after Holm's correction over all comparisons of the table "
        "with two seeds or more on both sides. Drops or changes significantly: the 95 % interval of the drop "
        "leaves out zero. Both count the variance of sentences and of seeds. The same, or a gain of less: "
        f"shown by one-sided tests at 5 % against a margin of {margin:g} points (`margin` in "
        "the configuration); *smallest margin* is the one from which on a run would be said to ignore its "
        "source.",
        "A language model is not asked with wrong images, and published runs may lack predictions with wrong "
        "captions: these gain or lose when they are significantly better or worse. Of several contexts that "
        "a variant adds at once, each is made wrong by itself, and one whose drop is significant suffices.",
    )


@dataclass(frozen=True, slots=True)
class Control:
    """A matched control of a combination, with all of its seeds, on true sources.

    ``score`` is a fraction; ``difference`` is the combination minus its control. No p is corrected.
    """

    combination: Combination
    seeds: int
    score: float
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """A combination beside its baseline, each with all of its seeds; scores are fractions.

    ``source`` is what the baseline lacks; ``difference`` is the combination minus its baseline.
    ``drops`` are by the name of the condition, those that all its runs were predicted under: how much
    entity F1 the trained model loses. ``p_corrected`` is ``None`` where a side has a single seed, which takes
    no part in the correction. ``p_trained`` tests these trained models alone (``None`` where that test was
    left out). ``changed`` is the share of sentences that are tagged differently when the source is shuffled.
    ``order`` is the bound of almost stochastic order, below 0.5 where the fusion's seeds are almost
    stochastically better (``None`` below five seeds). A change of less than ``margin`` counts as none.
    ``controls`` are by the change of the source that they were trained with; no verdict depends on them.
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
        """Whether both sides have two seeds or more, without which there is no verdict."""
        return min(self.seeds, self.baseline_seeds) > 1

    @property
    def sign(self) -> int:
        """1 where the fusion is significantly better than its baseline, -1 where it is worse, else 0."""
        return self._sign(0.0)

    def drop(self, change: str) -> Estimate | None:
        """What it loses with its source ``shuffled`` or ``blank``; nothing of several sources at once."""
        return self.drops.get(Condition(self.source, change).name)

    @property
    def smallest_margin(self) -> float | None:
        """The margin from which on all of its drops count as none; nothing without drops."""
        return max((drop.smallest_margin for drop in self.drops.values()), default=None)

    @property
    def verdict(self) -> str:
        """The first of ``rules`` that holds."""
        return self._verdict(0.0)

    @property
    def close(self) -> bool:
        """Whether it would be another verdict if bounds lay nearer or farther by ``CLOSE``."""
        return len({self._verdict(slack) for slack in (-CLOSE, 0.0, CLOSE)}) > 1

    def _verdict(self, slack: float) -> str:
        """The verdict where all intervals reach farther by ``slack`` on either side."""
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
        # The level that Holm's correction leaves for this p: the interval leaves out zero where the corrected
        # p is below SIGNIFICANCE.
        level = SIGNIFICANCE * self.difference.p / self.p_corrected
        return _leaves_out_zero(self.difference.interval(1 - level), slack)


def _leaves_out_zero(interval: tuple[float, float], slack: float) -> int:
    """1 where the interval, reaching farther by ``slack``, lies above zero, -1 where it lies below, else 0.

    Drawn in, with a negative one, it is not drawn past its middle.
    """
    low, high = interval
    slack = max(slack, (low - high) / 2)
    return int(low - slack > 0) - int(high + slack < 0)


def compare_with_baselines(
    runs: Mapping[Run, Counts],
    baselines: Baselines,
    margin: float,
    trials: int = TRIALS,
    controls: Baselines = MappingProxyType({}),
) -> tuple[list[Comparison], list[Run]]:
    """Compare every combination with its baselines, each with all of its seeds.

    The variance between seeds is pooled over the combinations of a data set and filter that read the text
    and find anything; that of drops over those of them that have a baseline.

    Args:
        runs: counts of the test split.
        baselines: what each combination is compared with.
        margin: entity F1, a fraction; a change of less counts as none.
        trials: of the randomization test, which is left out where it is 0.
        controls: the matched controls of each combination; one that was not run is left out.

    Returns:
        The comparisons in the order of the runs, and the runs of which a baseline was not run.

    Raises:
        UserError: when the runs of one data set and filter were not predicted from the same posts.
    """
    comparisons, alone = [], []
    for _, group in groupby(sorted(runs), key=lambda run: run.data):
        members = {run: runs[run] for run in group}
        check_same_posts(members.items())
        data = _Data(members, baselines, margin, trials)
        for one, of_seeds in groupby(members, key=lambda run: run.combination):
            combined = [*of_seeds]
            for source, baseline in baselines.get(one, {}).items():
                if baseline in data.systems:
                    found = data.controls(one, source, controls.get(one, {}))
                    comparisons.append(replace(data.compare(one, source, baseline), controls=found))
                else:
                    alone += combined
    return corrected(comparisons), alone


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons with their p corrected for all of them with ``several_seeds`` (Holm 1979)."""
    p_values = iter(holm([one.difference.p for one in comparisons if one.several_seeds]))
    return [replace(one, p_corrected=next(p_values) if one.several_seeds else None) for one in comparisons]


def unlike_baselines(
    comparisons: Sequence[Comparison], records: Mapping[Run, TrainingRecord]
) -> list[list[str]]:
    """What the two sides of each comparison had different, over its seeds, as ``TrainingRecord.unlike``.

    Its controls stand on the side of its baseline.
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
    """The combinations that were trained with wrong sources and are no control of a comparison."""
    held = {control.combination for one in comparisons for control in one.controls.values()}
    trained = {run.combination for run, record in records.items() if record.config.get("train_with")}
    return sorted(trained - held)


class _Data:
    """The runs of one data set and filter, whose variances between seeds are pooled."""

    def __init__(self, runs: Mapping[Run, Counts], baselines: Baselines, margin: float, trials: int) -> None:
        self.runs, self.margin, self.trials = runs, margin, trials
        self.systems = systems_of(runs)
        self.members: dict[Combination, list[Counts]] = {}
        for run, counts in runs.items():
            self.members.setdefault(run.combination, []).append(counts)
        self.pool = alike(self.systems)
        self.variance = SeedVariance.pooled(self.pool.values())
        # What learnt from wrong sources has none to lose, with whatever seed: its drops tell of no others.
        self.compared = [one for one in self.pool if baselines.get(one)]
        self.drops = {
            name: self._drops(name) for name in dict.fromkeys(chain(*(c.changed for c in runs.values())))
        }

    def _drops(self, name: str) -> dict[Combination, Estimate]:
        wrong = systems_of(self.runs, name)
        drops = {one: self.systems[one] - system for one, system in wrong.items()}
        variance = SeedVariance.pooled(drops[one] for one in self.compared if one in drops)
        return {one: variance.mean(drop) for one, drop in drops.items()}

    def controls(
        self, one: Combination, source: str, controls: Mapping[str, Combination]
    ) -> dict[str, Control]:
        """Those with this source wrong, by its change."""
        named = ((change, controls.get(Condition(source, change).name)) for change in CHANGES)
        return {
            change: Control(
                control,
                len(self.systems[control]),
                self.systems[control].mean,
                self.variance.difference(self.systems[one], self.systems[control]),
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
            difference=self.variance.difference(fusion, other),
            p_corrected=None,
            p_trained=approximate_randomization(first, second, self.trials) if self.trials else None,
            drops=drops,
            changed=float(np.mean([c.changed[shuffled].mean() for c in of_run]))
            if shuffled in drops
            else None,
            order=almost_stochastic_order(fusion.scores.tolist(), other.scores.tolist()),
            margin=self.margin,
        )
