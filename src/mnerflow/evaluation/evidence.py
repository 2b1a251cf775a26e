"""Does a source help? Every run against its baseline, which lacks it, and against itself with it wrong.

A baseline is the same run with one source taken away: data set, filter, encoders, variant and seeds are the
same. ``RULES`` say what a verdict means.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

import numpy as np

from mnerflow.conditions import CHANGES, TRUE, Condition
from mnerflow.evaluation.counts import Counts, check_same_posts
from mnerflow.evaluation.statistics import (
    RESAMPLES,
    SIGNIFICANCE,
    almost_stochastic_order,
    approximate_randomization,
    bootstrap_interval,
    f1,
    holm,
    resampled_difference,
    resampled_f1,
    smallest_detectable_difference,
)
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Combination, Run
from mnerflow.record import TrainingRecord

SAME_SCORE = 0.02  # entity F1: what a few hundred sentences can tell from no change
RULES = (
    "A baseline is the same run with one source taken away: without its image a fusion is text only. Data "
    "set, filter, text encoder, variant and seeds are the same; with `images: {broken: drop}` a baseline "
    "also learns from the posts whose images cannot be used. The verdict is the first of these that holds.",
    "gains: the run is surely better than its baseline, and its entity F1 surely drops when the source is "
    "shuffled among the posts.",
    "ignores: its entity F1 is above zero, and with the source shuffled and with it blank does not surely "
    "change, and surely stays within two points of that with the true one.",
    "loses: it is surely worse than its baseline, and its entity F1 surely changes with the source shuffled "
    "or blank.",
    "unclear: none of these could be shown.",
    "Surely better or worse: at least two seeds, p < 0.05 after Holm's correction over all comparisons of "
    "the table (approximate randomization over sentences), and the 95 % bootstrap interval of the "
    "difference, over sentences and seeds together, leaves out zero. Surely drops, changes, stays: the whole "
    "95 % interval of the drop lies above zero, leaves out zero, lies within two points on either side. "
    "A language model is not asked with wrong images, and published runs may lack predictions with wrong "
    "captions: these gain or lose when they are surely better or worse. Of several contexts that a variant "
    "adds at once, each is made wrong by itself, and one whose drop is sure suffices to gain.",
)


@dataclass(frozen=True, slots=True)
class Drop:
    """How much entity F1 a run loses with a wrong source and the same weights, and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A combination beside its baseline, over the seeds that both ran with; scores are fractions.

    ``source`` is what the baseline lacks; ``difference`` is the combination minus its baseline, ``low`` and
    ``high`` its 95 % interval over sentences and seeds.
    ``drops`` are by the name of the condition, those that all its runs were predicted under. ``changed`` is
    the share of sentences that are tagged otherwise when the source is shuffled. ``order`` is
    the bound of almost stochastic order, below 0.5 where the fusion's seeds are almost stochastically better
    (``None`` for a single seed); ``detectable`` the smallest difference that this test alone, p not
    corrected, could have shown.
    """

    combination: Combination
    source: str
    baseline: Combination
    seeds: int
    baseline_score: float
    fusion_score: float
    difference: float
    low: float
    high: float
    p: float
    p_corrected: float
    drops: dict[str, Drop]
    changed: float | None
    order: float | None
    detectable: float

    @property
    def sign(self) -> int:
        """1 where the fusion is surely better than its baseline, -1 where it is surely worse, else 0.

        A single seed is never sure: how much another one would change does not show.
        """
        if self.p_corrected >= SIGNIFICANCE or self.seeds < 2:
            return 0
        return int(self.low > 0) - int(self.high < 0)

    def drop(self, change: str) -> Drop | None:
        """What it loses with its source ``shuffled`` or ``blank``; nothing of several sources at once."""
        return self.drops.get(Condition(self.source, change).name)

    @property
    def verdict(self) -> str:
        """``gains``, ``loses``, ``ignores`` or ``unclear``, by ``RULES``."""
        drops = self.drops.values()
        shuffled = [drop for name, drop in self.drops.items() if Condition.named(name).change == "shuffled"]
        if self.sign > 0 and (not drops or any(drop.low > 0 for drop in shuffled)):
            return "gains"
        if (
            self.fusion_score
            and drops
            and all(-SAME_SCORE < d.low <= 0 <= d.high < SAME_SCORE for d in drops)
        ):
            return "ignores"
        if self.sign < 0 and (not drops or any(d.low > 0 or d.high < 0 for d in drops)):
            return "loses"
        return "unclear"


def compare_with_baselines(
    runs: Mapping[Run, Counts], baselines: Baselines, resamples: int = RESAMPLES
) -> tuple[list[Comparison], list[Run]]:
    """Compare every combination with its baselines, over the seeds that both ran with.

    Args:
        runs: counts of the test split.
        baselines: what each combination is held against.
        resamples: of the bootstrap and of the randomization test, which takes more for a small p where the
            comparisons are so many that it could not be small enough.

    Returns:
        The comparisons in the order of the runs, and the runs of which a baseline was not run.

    Raises:
        UserError: when the runs of one data set and filter were not predicted from the same posts.
    """
    comparisons, alone = [], []
    most = 40 * sum(len(baselines.get(one, ())) for one in {run.combination for run in runs})
    for _, members in groupby(sorted(runs), key=lambda run: run.data):
        members = {run: runs[run] for run in members}
        check_same_posts(members.items())
        scores = _resample(members, resamples)
        pairs = defaultdict(list)
        for run in members:
            for source, baseline in baselines.get(run.combination, {}).items():
                if (other := baseline.run(run.seed)) in members:
                    pairs[run.combination, source].append((run, other))
                else:
                    alone.append(run)
        comparisons += [
            _compare(source, pair, members, scores, resamples, most) for (_, source), pair in pairs.items()
        ]
    return corrected(comparisons), alone


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons with their p corrected for all of them together (Holm 1979)."""
    p_values = holm([comparison.p for comparison in comparisons])
    return [replace(c, p_corrected=p) for c, p in zip(comparisons, p_values, strict=True)]


def unlike_baselines(
    comparisons: Sequence[Comparison], records: Mapping[Run, TrainingRecord]
) -> list[list[str]]:
    """What the two sides of each comparison had different, over its seeds, as ``TrainingRecord.unlike``."""
    found = []
    for comparison in comparisons:
        runs = [run for run in records if run.combination == comparison.combination]
        pairs = [(records[run], records.get(comparison.baseline.run(run.seed))) for run in runs]
        found.append(sorted({*chain.from_iterable(one.unlike(other) for one, other in pairs if other)}))
    return found


def per_seed_f1(counts: Sequence[np.ndarray]) -> np.ndarray:
    """Entity F1 of each seed, ``(seeds,)``, from its counts ``(sentences, types, 3)``."""
    return f1(np.stack([entities.sum(axis=(0, 1)) for entities in counts]))


def _resample(members: Mapping[Run, Counts], resamples: int) -> dict[tuple[Run, str], np.ndarray]:
    """Resampled F1 ``(resamples,)`` of every run and condition, all on the same draws of sentences."""
    keys = [(run, condition) for run, counts in members.items() for condition in counts.entities]
    stacked = np.stack([members[run].entities[condition].sum(axis=1) for run, condition in keys])
    return dict(zip(keys, resampled_f1(stacked, resamples).T, strict=True))


def _compare(
    source: str,
    pairs: Sequence[tuple[Run, Run]],
    members: Mapping[Run, Counts],
    scores: Mapping[tuple[Run, str], np.ndarray],
    resamples: int,
    most: int,
) -> Comparison:
    fusions, others = ([members[pair[side]] for pair in pairs] for side in (0, 1))
    fusion_f1, baseline_f1 = (per_seed_f1([counts.plain for counts in side]) for side in (fusions, others))
    resampled = np.stack([scores[run, TRUE.name] for run, _ in pairs], axis=1)
    resampled_baseline = np.stack([scores[other, TRUE.name] for _, other in pairs], axis=1)
    differences = resampled_difference(resampled, resampled_baseline)
    low, high = bootstrap_interval(differences)
    drops = {}
    conditions = [Condition(one, change).name for one in source.split("+") for change in CHANGES]
    for name in (name for name in conditions if all(name in counts.entities for counts in fusions)):
        wrong_f1 = per_seed_f1([counts.entities[name] for counts in fusions])
        wrong = np.stack([scores[run, name] for run, _ in pairs], axis=1)
        interval = bootstrap_interval(resampled_difference(resampled, wrong, same_weights=True))
        drops[name] = Drop(float(np.mean(fusion_f1 - wrong_f1)), *interval)
    shuffled = Condition(source, "shuffled").name
    flat = (np.stack([counts.plain.sum(axis=1) for counts in side]) for side in (fusions, others))
    p = approximate_randomization(*flat, resamples, most)
    return Comparison(
        combination=pairs[0][0].combination,
        source=source,
        baseline=pairs[0][1].combination,
        seeds=len(pairs),
        baseline_score=float(baseline_f1.mean()),
        fusion_score=float(fusion_f1.mean()),
        difference=float(fusion_f1.mean() - baseline_f1.mean()),
        low=low,
        high=high,
        p=p,
        p_corrected=p,
        drops=drops,
        changed=(
            float(np.mean([c.changed[shuffled].mean() for c in fusions])) if shuffled in drops else None
        ),
        order=almost_stochastic_order(fusion_f1, baseline_f1) if len(pairs) > 1 else None,
        detectable=smallest_detectable_difference(differences),
    )
