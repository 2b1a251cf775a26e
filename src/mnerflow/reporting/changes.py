"""The table of what each fusion fixes and breaks compared with its baseline, and examples to read."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from mnerflow.data.post import Post
from mnerflow.data.tags import Names, TypeNames, tags_of
from mnerflow.evaluation.counts import Counts, by_data, check_predicted_from
from mnerflow.evaluation.errors import Change, changes, predicted_in
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Combination, Run
from mnerflow.reporting.columns import COMBINATION_COLUMNS, COUNT, DATA, MEAN, MODEL, Column
from mnerflow.reporting.table import Table

MEANINGS = {
    "fixed": "gold entities that only the run finds",
    "broken": "gold entities that only the baseline finds",
    "removed": "wrong entities that only the baseline predicts",
    "added": "wrong entities that only the run predicts",
}
TABLE = Table(
    "Fixed and broken",
    "Entities on the test split, compared with the baseline, which lacks the source; means over seeds. "
    "Fixed: {fixed}; broken: {broken}; removed: {removed}; added: {added}.",
    (
        *COMBINATION_COLUMNS,
        Column("source", "source", "what the run reads and its baseline does not"),
        Column("seeds", "seeds", "number of seeds that both ran with", COUNT),
        Column("type", "type", "entity type, or all"),
        *(Column(change, change, MEANINGS[change], MEAN) for change in MEANINGS),
    ),
    page=(DATA, MODEL, "source", "type", "fixed", "broken"),
    wide=("removed", "added"),
    detail=("seeds",),
)
EXEMPLIFIED = ("fixed", "broken")
Pair = tuple[Counts, Counts]  # those of a baseline and of a run with the same seed
Posts = Mapping[tuple[str, str], Sequence[Post]]  # by data set and filter
EXAMPLES = 200  # per combination and change: enough to read, and the file stays small for any grid


def change_rows(
    runs: Mapping[Run, Counts], baselines: Baselines, names: TypeNames
) -> Iterator[dict[str, Any]]:
    """Yield rows of ``TABLE``, means over the seeds that both ran with, from entities of the test split.

    There is a row per type, with its displayed name from ``names`` (by data set), and one for ``all``.
    """
    for about, combination, pairs in _compared(runs, baselines):
        called = names.get(combination.dataset, {})
        yield from (about | row for row in _counted(_shown(pairs), len(pairs), called))


def examples(runs: Mapping[Run, Counts], posts: Posts, baselines: Baselines) -> Iterator[dict[str, Any]]:
    """Yield gold entities in the ``posts`` of the test split that one combination fixed or broke.

    Each has the number of ``seeds`` (out of ``of`` compared) that show it, and the entities that both models
    predict with the first of these seeds, as IOB2 tags. Each combination and change has at most ``EXAMPLES``,
    those that most seeds show.
    Raises ``UserError`` naming a run that was predicted from other posts.
    """
    for data, of_data in by_data(runs):
        check_predicted_from(posts[data], of_data)
    for about, combination, pairs in _compared(runs, baselines):
        its_posts = posts[combination.dataset, combination.filter]
        yield from (about | {"of": len(pairs)} | row for row in _examples(_shown(pairs), its_posts))


def _compared(
    runs: Mapping[Run, Counts], baselines: Baselines
) -> Iterator[tuple[dict[str, Any], Combination, list[Pair]]]:
    """Each combination with each source that a baseline lacks: columns that name it, and pairs of runs."""
    for combination, members in groupby(sorted(runs), key=lambda run: run.combination):
        seeds = [run.seed for run in members]
        for source, baseline in baselines.get(combination, {}).items():
            both = [seed for seed in seeds if baseline.run(seed) in runs]
            if both:
                pairs = [(runs[baseline.run(seed)], runs[combination.run(seed)]) for seed in both]
                yield asdict(combination) | {"source": source}, combination, pairs


def _shown(pairs: Iterable[Pair]) -> dict[Change, list[Pair]]:
    """All changes, each with the pairs of baseline and run that show it."""
    shown: dict[Change, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for change in changes(*pair):
            shown[change].append(pair)
    return shown


def _counted(shown: Mapping[Change, Sequence[Pair]], seeds: int, called: Names) -> Iterator[dict[str, Any]]:
    number: dict[str, Counter[str]] = defaultdict(Counter)
    for (what, _, entity), pairs in shown.items():
        number[entity.type][what] += len(pairs)
    of_types = [(called.get(kind, kind), number[kind]) for kind in sorted(number)]
    for name, counts in [("all", sum(number.values(), Counter())), *of_types]:
        yield {"seeds": seeds, "type": name} | {what: counts[what] / seeds for what in MEANINGS}


def _examples(shown: Mapping[Change, Sequence[Pair]], posts: Sequence[Post]) -> Iterator[dict[str, Any]]:
    for what in EXEMPLIFIED:
        some = sorted((each for each in shown if each.what == what), key=lambda each: -len(shown[each]))
        for change in some[:EXAMPLES]:
            entity, pairs = change.entity, shown[change]
            post, (baseline, run) = posts[change.post], pairs[0]
            yield {
                "seeds": len(pairs),
                "change": what,
                "id": post.id,
                "type": entity.type,
                "start": entity.start,
                "end": entity.end,
                "words": post.tokens[entity.start : entity.end],
                "tokens": post.tokens,
                "gold": post.labels,
                "predicted_baseline": tags_of(predicted_in(change.post, baseline), len(post.tokens)),
                "predicted_fusion": tags_of(predicted_in(change.post, run), len(post.tokens)),
            }
