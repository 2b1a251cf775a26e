"""Does the image help? Every fusion against its text-only twin, and against itself with wrong images.

A twin is the text-only run with the same data set, filter, text encoder, decoder, epochs, steps and seeds.
``RULES`` say what a verdict means.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

import numpy as np

from mnerflow.evaluation.counts import Counts, check_same_posts, plain_condition
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
from mnerflow.grid import ABLATIONS, NONE, Combination, Run
from mnerflow.record import TrainingRecord

SAME_SCORE = 0.02  # entity F1: what a few hundred sentences can tell from no change
RULES = (
    "A twin is the text-only run with the same data set, filter, text encoder, decoder, epochs, steps and "
    "seeds; with `images: {broken: drop}` it also learns from the posts whose images cannot be used. The "
    "verdict is the first of these that holds.",
    "gains: the fusion is surely better than its twin, and its entity F1 surely drops when the images are "
    "shuffled.",
    "ignores: its entity F1 is above zero, and with shuffled and with blank images does not surely change, "
    "and surely stays within two points of that with the true ones.",
    "loses: it is surely worse than its twin, and its entity F1 surely changes with shuffled or with blank "
    "images.",
    "unclear: none of these could be shown.",
    "Surely better or worse: at least two seeds, p < 0.05 after Holm's correction over all comparisons of "
    "the table (approximate randomization over sentences), and the 95 % bootstrap interval of the "
    "difference, over sentences and seeds together, leaves out zero. Surely drops, changes, stays: the whole "
    "95 % interval of the drop lies above zero, leaves out zero, lies within two points on either side. A "
    "fusion that reads the image's caption cannot be read with wrong images, and a language model is not "
    "asked with them: these gain or lose when they are surely better or worse.",
)


@dataclass(frozen=True, slots=True)
class Drop:
    """How much entity F1 a fusion loses with wrong images and the same weights, and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A fusion beside its text-only twin, over the seeds that both ran with; scores are fractions.

    ``difference`` is fusion minus text only, ``low`` and ``high`` its 95 % interval over sentences and seeds.
    ``changed`` is the share of sentences that are tagged otherwise when the image is shuffled. ``order`` is
    the bound of almost stochastic order, below 0.5 where the fusion's seeds are almost stochastically better
    (``None`` for a single seed); ``detectable`` the smallest difference that this test alone, p not
    corrected, could have shown.
    """

    combination: Combination
    seeds: int
    text_only: float
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
        """1 where the fusion is surely better than its twin, -1 where it is surely worse, else 0.

        A single seed is never sure: how much another one would change does not show.
        """
        if self.p_corrected >= SIGNIFICANCE or self.seeds < 2:
            return 0
        return int(self.low > 0) - int(self.high < 0)

    @property
    def verdict(self) -> str:
        """``gains``, ``loses``, ``ignores`` or ``unclear``, by ``RULES``."""
        drops = self.drops.values()
        if self.sign > 0 and (not drops or self.drops["shuffled"].low > 0):
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


def compare_with_twins(
    runs: Mapping[Run, Counts], twins: Mapping[str, str | None], resamples: int = RESAMPLES
) -> tuple[list[Comparison], list[Run]]:
    """Compare every fusion with its twin over the seeds that both ran with.

    Args:
        runs: counts of the test split.
        twins: the text-only fusion that each fusion is held against (``grid.text_only_twins``).
        resamples: of the bootstrap and of the randomization test, which takes more for a small p where the
            comparisons are so many that it could not be small enough.

    Returns:
        The comparisons in the order of the runs, and the runs whose twin was not run.

    Raises:
        UserError: when the runs of one data set and filter were not predicted from the same posts.
    """
    comparisons, alone = [], []
    most = 40 * len({run.combination for run in runs if run.fusion in twins})
    for _, members in groupby(sorted(runs), key=lambda run: run.data):
        members = {run: runs[run] for run in members}
        check_same_posts(members.items())
        scores = _resample(members, resamples)
        pairs = defaultdict(list)
        for run in members:
            if run.fusion not in twins:
                continue
            twin = twin_of(run, twins)
            if twin in members:
                pairs[run.combination].append((run, twin))
            else:
                alone.append(run)
        comparisons += [_compare(pair, members, scores, resamples, most) for pair in pairs.values()]
    return corrected(comparisons), alone


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons with their p corrected for all of them together (Holm 1979)."""
    p_values = holm([comparison.p for comparison in comparisons])
    return [replace(c, p_corrected=p) for c, p in zip(comparisons, p_values, strict=True)]


def twin_of(run: Run, twins: Mapping[str, str | None]) -> Run | None:
    """The run that reads the text alone and shares all else with ``run``; ``None`` where there is none."""
    fusion = twins.get(run.fusion)
    return replace(run, image_encoder=NONE, fusion=fusion) if fusion else None


def unlike_twins(
    comparisons: Sequence[Comparison], records: Mapping[Run, TrainingRecord], twins: Mapping[str, str | None]
) -> list[list[str]]:
    """What the two sides of each comparison had different, over its seeds, as ``TrainingRecord.unlike``."""
    found = []
    for comparison in comparisons:
        runs = [run for run in records if run.combination == comparison.combination]
        pairs = [(records[run], records.get(twin_of(run, twins))) for run in runs]
        found.append(sorted({*chain.from_iterable(one.unlike(twin) for one, twin in pairs if twin)}))
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
    pairs: Sequence[tuple[Run, Run]],
    members: Mapping[Run, Counts],
    scores: Mapping[tuple[Run, str], np.ndarray],
    resamples: int,
    most: int,
) -> Comparison:
    fusions, twins = ([members[pair[side]] for pair in pairs] for side in (0, 1))
    plain = plain_condition(fusions[0].entities)
    fusion_f1, twin_f1 = (per_seed_f1([counts.plain for counts in side]) for side in (fusions, twins))
    resampled = np.stack([scores[run, plain] for run, _ in pairs], axis=1)
    resampled_twin = np.stack([scores[twin, "none"] for _, twin in pairs], axis=1)
    differences = resampled_difference(resampled, resampled_twin)
    low, high = bootstrap_interval(differences)
    drops = {}
    for ablation in [name for name in ABLATIONS if name in fusions[0].entities]:
        wrong_f1 = per_seed_f1([counts.entities[ablation] for counts in fusions])
        wrong = np.stack([scores[run, ablation] for run, _ in pairs], axis=1)
        interval = bootstrap_interval(resampled_difference(resampled, wrong, same_weights=True))
        drops[ablation] = Drop(float(np.mean(fusion_f1 - wrong_f1)), *interval)
    flat = (np.stack([counts.plain.sum(axis=1) for counts in side]) for side in (fusions, twins))
    p = approximate_randomization(*flat, resamples, most)
    return Comparison(
        combination=pairs[0][0].combination,
        seeds=len(pairs),
        text_only=float(twin_f1.mean()),
        fusion_score=float(fusion_f1.mean()),
        difference=float(fusion_f1.mean() - twin_f1.mean()),
        low=low,
        high=high,
        p=p,
        p_corrected=p,
        drops=drops,
        changed=float(np.mean([c.changed["shuffled"].mean() for c in fusions])) if drops else None,
        order=almost_stochastic_order(fusion_f1, twin_f1) if len(pairs) > 1 else None,
        detectable=smallest_detectable_difference(differences),
    )
