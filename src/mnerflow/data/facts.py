"""What the prepared posts of a data set are like: lengths, vocabulary, mentions labelled in several ways."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from mnerflow.data.post import Post
from mnerflow.data.tags import spans

FREQUENT = 5  # entities of one mention, below which its labels say little
MAJORITY = 0.8  # share of a mention's entities that must agree before the others look like slips


@dataclass(frozen=True, slots=True)
class Lengths:
    """Of texts, in tokens or words: the median, the largest, and the 95th percentile (nearest rank)."""

    median: float
    percentile_95: int
    largest: int


def lengths(texts: Iterable[Sequence[str]]) -> Lengths:
    """Lengths of texts, of which there is one at least, as tokens or words."""
    ordered = sorted(map(len, texts))
    return Lengths(median(ordered), ordered[math.ceil(95 * len(ordered) / 100) - 1], ordered[-1])


def tag_counts(posts: Iterable[Post]) -> Counter[str]:
    """Tokens a tag."""
    return Counter(tag for post in posts for tag in post.labels)


def mentions(posts: Iterable[Post]) -> Iterator[tuple[str, str, str]]:
    """Yield ``(mention, entity type, post id)`` of every entity; a mention is its tokens joined by spaces."""
    for post in posts:
        for kind, start, end in spans(post.labels):
            yield " ".join(post.tokens[start:end]), kind, post.id


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of a split training has shown, as fractions of 1.

    ``words``: of its distinct tokens; ``tokens``: of all its tokens. Of its entities, ``entities`` are those
    whose mention has the same type somewhere in training, ``other_type`` those whose mention is an entity
    there, but never of this type.
    """

    words: float
    tokens: float
    entities: float
    other_type: float


def overlap(train: Sequence[Post], posts: Sequence[Post]) -> Overlap:
    """Overlap of a split with training; a share of nothing is 0."""
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
    """A frequent mention, its entities by type (most first), and the posts that go against the majority."""

    mention: str
    types: Mapping[str, int]
    minority_ids: Sequence[str]


def disagreements(posts: Iterable[Post]) -> list[Disagreement]:
    """Mentions with ``FREQUENT`` entities or more, of which one type has ``MAJORITY``, but not all.

    Those of another type are likely slips of annotation, or uses that only their context tells; most first.
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
