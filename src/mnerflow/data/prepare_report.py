"""What preparation reports about a data set: counts by split, and what occurs in more than one split."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from mnerflow.data.post import SPLITS, Post
from mnerflow.data.post_store import PostStore, hashes_of
from mnerflow.data.tags import OUTSIDE, spans, strays

# What a split without an entity means.
WITHOUT_ENTITIES = {
    "train": "nothing can be learnt",
    "dev": "its F1 cannot choose an epoch",
    "test": "no F1 can be measured",
}


@dataclass
class SplitReport:
    """Counts of one split; ``entities`` are by type, and a stray ``I-`` starts one.

    ``stray_after_outside`` counts ``I-`` tags after ``O`` or at the start of a post,
    ``stray_after_other_type`` those after a tag of another type, both before any repair.
    """

    posts: int
    tokens: int
    entities: dict[str, int]
    stray_after_outside: int
    stray_after_other_type: int
    posts_without_entities: int
    posts_without_image: int

    @classmethod
    def of(cls, types: Iterable[str]) -> "SplitReport":
        """The report of a split without posts."""
        return cls(0, 0, dict.fromkeys(types, 0), 0, 0, 0, 0)

    def count_strays(self, labels: Sequence[str]) -> None:
        """Count the stray tags of a post, before any repair."""
        for index in strays(labels):
            outside = not index or labels[index - 1] == OUTSIDE
            self.stray_after_outside += outside
            self.stray_after_other_type += not outside

    def count(self, post: Post) -> None:
        """Count everything else about a post."""
        kinds = [kind for kind, _, _ in spans(post.labels)]
        self.posts += 1
        self.tokens += len(post.tokens)
        self.posts_without_entities += not kinds
        self.posts_without_image += not post.images
        for kind in kinds:
            self.entities[kind] += 1


@dataclass
class ContextReport:
    """By split, how many posts have a context, and the ids of those that lack it or have an empty one.

    ``surplus`` lists the images or ids in the context's files that belong to no post.
    """

    posts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    lacking: dict[str, list[str]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    empty: dict[str, list[str]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    surplus: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What preparation found and did; ``report.json`` has the same fields.

    ``mapped`` counts the tags of every renamed type. ``repeated_texts`` and ``straddling_groups`` list what
    occurs in more than one split, with the ids in each. ``left_out`` lists the ids of posts that also occur
    in a data set that this one must not share posts with. ``first_tokens_dropped`` counts, by split, the
    dropped first tokens that were part of an entity.
    """

    splits: dict[str, SplitReport]
    drawn_splits: list[str]
    mapped: dict[str, int]
    repaired: int = 0
    left_out: dict[str, list[str]] = field(default_factory=dict)
    first_tokens_dropped: dict[str, int] = field(default_factory=dict)
    repeated_texts: list[dict[str, Any]] = field(default_factory=list)
    straddling_groups: list[dict[str, Any]] = field(default_factory=list)
    contexts: dict[str, ContextReport] = field(default_factory=dict)


def straddling(splits: Mapping[str, PostStore], key: Callable[[Post], str]) -> list[dict[str, Any]]:
    """``{"value": …, "ids": {split: [id, …]}}`` for every non-empty ``key`` found in several splits."""
    hashes = [hashes_of(filter(None, map(key, posts))) for posts in splits.values()]
    several = {digest for pair in combinations(hashes, 2) for digest in np.intersect1d(*pair).tolist()}
    ids: dict[str, dict[str, list[str]]] = {}
    for split, posts in splits.items() if several else ():
        for post in posts:
            if (value := key(post)) and hash(value) in several:
                ids.setdefault(value, {}).setdefault(split, []).append(post.id)
    return [{"value": value, "ids": found} for value, found in ids.items() if len(found) > 1]
