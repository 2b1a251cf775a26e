"""Where does a source help? Combinations compared with their baselines within parts of the test split.

A stratum contains a part of the gold and predicted entities, and entity F1 is computed from these alone. The
counts of all strata of one kind add up to those of the whole split.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import regex

from mnerflow.data.post import Post
from mnerflow.data.tags import spans
from mnerflow.data.tokenizers import UNSEGMENTED
from mnerflow.evaluation.background import SEEN, USABLE, Background
from mnerflow.evaluation.comparison import Comparison
from mnerflow.evaluation.counts import Counts, by_data, check_predicted_from
from mnerflow.evaluation.evidence import compare_with_baselines, corrected
from mnerflow.evaluation.metrics import END, SENTENCE, START, TYPE
from mnerflow.evaluation.statistics import LEAST
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Run
from mnerflow.plan.seed_pools import SeedPools

NAMED = ("some", "none")
# A word, or a character of a script without spaces.
WORD = regex.compile(
    rf"(?={UNSEGMENTED.pattern})[\p{{L}}\p{{M}}\p{{N}}]"
    rf"|[\p{{L}}\p{{N}}](?:(?!{UNSEGMENTED.pattern})[\p{{L}}\p{{M}}\p{{N}}])*"
)


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of a test split: the kind of stratum, its name among those of the kind, and its size.

    ``gold`` is the number of its gold entities, ``posts`` that of its posts. A stratum of entities has the
    posts that contain one of its gold entities.
    """

    kind: str
    name: str
    posts: int
    gold: int

    @property
    def too_small(self) -> bool:
        """Whether it has too few gold entities for a verdict."""
        return self.gold < LEAST


@dataclass(frozen=True)
class Division:
    """A test split divided into strata: their kind, their names, and the stratum of each entity.

    ``place`` maps entities as from ``metrics.Sequences.spans`` to indices into ``names``. ``posts`` has such
    an index for each post if posts are divided.
    """

    kind: str
    names: Sequence[str]
    place: Callable[[np.ndarray], np.ndarray]
    posts: np.ndarray | None = None

    def counts(self, counts: Counts) -> dict[str, np.ndarray]:
        """True positives, predicted and gold entities by condition, ``(sentences, strata, 3)``."""
        shape = len(counts.plain), len(self.names)
        gold = self._count(counts.gold, shape)
        found = {}
        for condition, predicted in counts.predicted.items():
            right = predicted[_among(predicted, counts.gold)]
            found[condition] = np.stack(
                [self._count(right, shape), self._count(predicted, shape), gold], axis=-1
            )
        return found

    def strata(self, counts: Counts) -> list[Stratum]:
        """The strata, in the order of ``names``."""
        places = self.place(counts.gold)
        of_gold = [counts.gold[places == place] for place in range(len(self.names))]
        if self.posts is None:
            posts = [len(np.unique(gold[:, SENTENCE])) for gold in of_gold]
        else:
            posts = np.bincount(self.posts, minlength=len(self.names)).tolist()
        return [
            Stratum(self.kind, name, number, len(gold))
            for name, number, gold in zip(self.names, posts, of_gold, strict=True)
        ]

    def _count(self, entities: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        cells = np.ravel_multi_index((entities[:, SENTENCE], self.place(entities)), shape)
        return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)


def divisions(background: Background, types: Sequence[str]) -> Iterator[Division]:
    """Divisions by type, by occurrence in training, by usable images, and by what each context names."""
    posts = background.posts

    @cache
    def seen(post: int, start: int, end: int) -> int:
        return SEEN.index(background.in_training(posts[post].tokens[start:end]))

    def in_training(entities: np.ndarray) -> np.ndarray:
        return np.array([seen(*each) for each in entities[:, [SENTENCE, START, END]].tolist()], int)

    yield Division("type", types, lambda entities: entities[:, TYPE])
    yield Division("in training", SEEN, in_training)
    if background.images is not None:
        yield _of_posts("image", USABLE, background.images)
    for name in dict.fromkeys(name for post in posts for name in post.contexts):
        yield _of_posts(f"named in {name}", NAMED, [NAMED[not named_share(post, name)] for post in posts])


def named_share(post: Post, context: str) -> float:
    """Share of a post's gold entities whose words occur in its context in sequence, ignoring case.

    It is 0 without entities or without the context. Words consist of letters, their marks, and digits. In a
    script without spaces, every character is a word.
    """
    text = _words(post.contexts.get(context, ""))
    entities = [_words(" ".join(post.tokens[start:end])) for _, start, end in spans(post.labels)]
    return sum(bool(words.strip()) and words in text for words in entities) / max(1, len(entities))


def compare_in_strata(
    runs: Mapping[Run, Counts],
    backgrounds: Mapping[tuple[str, str], Background],
    baselines: Baselines,
    pools: SeedPools,
    margin: float,
) -> list[tuple[Stratum, Comparison]]:
    """Compare every combination with its baselines, as ``compare_with_baselines`` does, within strata.

    p is corrected over all comparisons in strata that are not too small. Strata that do not occur are left
    out. So is a kind with a single stratum, which is the whole split. ``changed`` refers to the whole split.

    Args:
        runs: each run's counts on the test split.
        backgrounds: by data set and filter.
        baselines: what each combination is compared with.
        pools: over which combinations the variance between seeds is pooled.
        margin: entity F1, as a fraction; a smaller change counts as none.

    Returns:
        Each comparison with its stratum, sorted by combination and source.

    Raises:
        UserError: when a run was not predicted from the posts of its background.
    """
    found = []
    for data, members in by_data(runs):
        background = backgrounds[data]
        check_predicted_from(background.posts, members)
        first = next(iter(members.values()))
        for division in divisions(background, first.types):
            occurring = [(index, each) for index, each in enumerate(division.strata(first)) if each.posts]
            if len(occurring) < 2:
                continue
            counts = {run: division.counts(of_run) for run, of_run in members.items()}
            for place, stratum in occurring:
                of_stratum = {
                    run: replace(
                        of_run, entities={name: each[:, [place]] for name, each in counts[run].items()}
                    )
                    for run, of_run in members.items()
                }
                compared, _ = compare_with_baselines(of_stratum, baselines, pools, margin, trials=0)
                found += [(stratum, each) for each in compared]
    judged = iter(corrected([comparison for stratum, comparison in found if not stratum.too_small]))
    found = [(stratum, comparison if stratum.too_small else next(judged)) for stratum, comparison in found]
    return sorted(found, key=lambda each: (each[1].combination, each[1].source))


def _of_posts(kind: str, names: Sequence[str], of_posts: Sequence[str]) -> Division:
    places = np.array([names.index(name) for name in of_posts], int)
    return Division(kind, names, lambda entities: places[entities[:, SENTENCE]], places)


def _among(entities: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which rows of ``entities`` occur in ``others``."""
    shape = np.maximum(entities.max(axis=0, initial=0), others.max(axis=0, initial=0)) + 1
    return np.isin(*(np.ravel_multi_index(tuple(each.T), tuple(shape)) for each in (entities, others)))


def _words(text: str) -> str:
    """The words of a text, lower-cased and in Unicode's form NFKC, with a space before and after each."""
    return f" {' '.join(WORD.findall(unicodedata.normalize('NFKC', text).lower()))} "
