"""One comparison of a run with its baseline, and its verdict.

A baseline is the same run with one source taken away: data set, filter, encoders and variant are the same.
A matched control is the same run, trained with the source shuffled or blank. The baseline tells whether the
source is worth its model, the control whether the source itself makes the difference.
``rules`` explain the verdicts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mnerflow.conditions import Condition, changes_of
from mnerflow.evaluation.seeds import Estimate
from mnerflow.evaluation.statistics import SIGNIFICANCE
from mnerflow.plan.names import Combination

ONE_SEED = "one seed"
CLOSE = 0.0005  # entity F1: about the accuracy to which bounds are known
# What occurs in none of n cases occurs in at most 3 / n of all, at 5 % (Hanley and Lippman-Hand 1983).
RULE_OF_THREE = 3


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
        "margin, or gaining less than it, is shown by one-sided tests at 5 %. Where none of n test sentences "
        "with an entity changes, up to 3/n of others may. So a run can be shown to ignore its source only if "
        f"there are more such sentences than {RULE_OF_THREE / margin * 100:,.0f}. The margin is "
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
        sentences: number of test sentences with a gold entity.
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
    sentences: int
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
        """The smallest margin at which all drops count as none; ``None`` without drops.

        It is at least ``RULE_OF_THREE`` by the number of sentences: where a change is seen in none of them,
        no error can be estimated, and the source may still matter in that share of all sentences.
        """
        shown = max((drop.smallest_margin for drop in self.drops.values()), default=None)
        return None if shown is None else max(shown, RULE_OF_THREE / max(self.sentences, 1))

    @property
    def tried(self) -> bool:
        """Whether each source was both shuffled and blanked."""
        return self.drops.keys() == {condition.name for condition in changes_of(self.source.split("+"))}

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
        sign, drops, smallest = self._sign(slack), self.drops.values(), self.smallest_margin
        shuffled = [drop for name, drop in self.drops.items() if Condition.named(name).change == "shuffled"]
        looks = any(_leaves_out_zero(drop.interval(), slack) > 0 for drop in shuffled)
        if sign > 0 and (looks or not drops):
            return "gains"
        if self.fusion_score and self.tried and smallest is not None and smallest + slack < self.margin:
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
