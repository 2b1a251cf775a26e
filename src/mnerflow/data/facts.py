"""Statistics of a data set's prepared posts: lengths, vocabulary, mentions labelled in several ways."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from mnerflow.data.post import Post
from mnerflow.data.tags import spans

FREQUENT = 5  # entities of one mention; with fewer, its labels say little
MAJORITY = 0.8  # share of a mention's entities that must agree before the others look like slips


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of texts in tokens or words: median, largest, and the 95th percentile (nearest rank)."""

    median: float
    percentile_95: int
    largest: int


def lengths(texts: Iterable[Sequence[str]]) -> Lengths:
    """Lengths of one or more texts, each given as its tokens or words."""
    ordered = sorted(map(len, texts))
    return Lengths(median(ordered), ordered[math.ceil(95 * len(ordered) / 100) - 1], ordered[-1])


def tag_counts(posts: Iterable[Post]) -> Counter[str]:
    """Number of tokens per tag."""
    return Counter(tag for post in posts for tag in post.labels)


def mentions(posts: Iterable[Post]) -> Iterator[tuple[str, str, str]]:
    """Yield ``(mention, entity type, post id)`` of every entity; a mention is its tokens joined by spaces."""
    for post in posts:
        for kind, start, end in spans(post.labels):
            yield " ".join(post.tokens[start:end]), kind, post.id


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of a split also occurs in training, as fractions of 1.

    ``words`` is the share of its distinct tokens, ``tokens`` the share of all its tokens. ``entities`` is the
    share of its entities whose mention has the same type somewhere in training. ``other_type`` is the share
    of those whose mention is an entity in training, but never of this type.
    """

    words: float
    tokens: float
    entities: float
    other_type: float


def overlap(train: Sequence[Post], posts: Sequence[Post]) -> Overlap:
    """Overlap of a split with training; a share whose denominator is 0 counts as 0."""
    known = {token for post in train for token in post.tokens}
    tokens = [token for post in posts for token in post.tokens]
    words = set(tokens)
    types = defaultdict(set)
    for mention, kind, _ in mentions(train):
        types[mention].add(kind)
    found = list(mentions(posts))
    same = sum(kind in types.get(mention, ()) for mention, kind, _ in found)
    other = sum(mention in types and kind not in types[mention] for mention, kind, _ in found)
    return Overlap(
        len(words & known) / max(1, len(words)),
        sum(token in known for token in tokens) / max(1, len(tokens)),
        same / max(1, len(found)),
        other / max(1, len(found)),
    )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A frequent mention, its entities by type (most first), and the posts that contradict the majority."""

    mention: str
    types: Mapping[str, int]
    minority_ids: Sequence[str]


def disagreements(posts: Iterable[Post]) -> list[Disagreement]:
    """Mentions with at least ``FREQUENT`` entities whose main type has a share of ``MAJORITY``, but not all.

    The entities of other types are probably annotation errors, or uses that only the context explains. The
    mentions with the most of them come first.
    """
    uses: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for mention, kind, post in mentions(posts):
        uses[mention].append((kind, post))
    found = []
    for mention, labelled in uses.items():
        types = Counter(kind for kind, _ in labelled)
        (majority, count), *others = types.most_common()
        if others and len(labelled) >= FREQUENT and count >= MAJORITY * len(labelled):
            ids = [post for kind, post in labelled if kind != majority]
            found.append(Disagreement(mention, dict(types.most_common()), ids))
    return sorted(found, key=lambda one: (-len(one.minority_ids), one.mention))
