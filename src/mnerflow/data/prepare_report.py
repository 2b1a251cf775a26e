"""What preparation reports about a data set: counts by split, and what stands in more than one."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mnerflow.data.post import Post
from mnerflow.data.tags import OUTSIDE, spans, strays


@dataclass
class SplitReport:
    """Counts of one split; ``entities`` by type, a stray ``I-`` starting one.

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


@dataclass
class ContextReport:
    """Of a context, by split: how many posts have it, and the ids of those that lack it or have an empty one.

    ``surplus`` lists the images or ids of its files that no post has.
    """

    posts: dict[str, int] = field(default_factory=dict)
    lacking: dict[str, list[str]] = field(default_factory=dict)
    empty: dict[str, list[str]] = field(default_factory=dict)
    surplus: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What preparation found and did; ``report.json`` holds the same fields.

    ``mapped`` counts the tags of every renamed type. ``repeated_texts`` and ``straddling_groups`` list
    what stands in more than one split, with the ids in each. ``left_out`` lists the ids of posts that stand
    in a data set that this one is to be without. ``first_tokens_dropped`` counts by split those of
    the first tokens dropped that were part of an entity.
    """

    splits: dict[str, SplitReport]
    drawn_splits: list[str]
    mapped: dict[str, int]
    repaired: int
    left_out: dict[str, list[str]]
    first_tokens_dropped: dict[str, int]
    repeated_texts: list[dict[str, Any]]
    straddling_groups: list[dict[str, Any]]
    contexts: dict[str, ContextReport]


def count_strays(posts: list[Post]) -> tuple[int, int]:
    """Stray ``I-`` tags after ``O`` or a post's start, and after a tag of another type."""
    after_outside = after_other_type = 0
    for post in posts:
        for index in strays(post.labels):
            outside = not index or post.labels[index - 1] == OUTSIDE
            after_outside += outside
            after_other_type += not outside
    return after_outside, after_other_type


def count_split(posts: list[Post], types: list[str], strays: tuple[int, int]) -> SplitReport:
    """Count the posts of one split; ``strays`` is what ``count_strays`` found before any repair."""
    entities = [[kind for kind, _, _ in spans(post.labels)] for post in posts]
    found = Counter(kind for kinds in entities for kind in kinds)
    return SplitReport(
        posts=len(posts),
        tokens=sum(len(post.tokens) for post in posts),
        entities={kind: found[kind] for kind in types},
        stray_after_outside=strays[0],
        stray_after_other_type=strays[1],
        posts_without_entities=sum(not kinds for kinds in entities),
        posts_without_image=sum(not post.images for post in posts),
    )


def straddling(splits: dict[str, list[Post]], key: Callable[[Post], str]) -> list[dict[str, Any]]:
    """``{"value": …, "ids": {split: [id, …]}}`` for every non-empty ``key`` found in several splits."""
    first: dict[int, str] = {}  # the split in which a value was met, by its hash: that is small
    several: set[int] = set()
    for split, posts in splits.items():
        for digest in map(hash, map(key, posts)):
            if first.setdefault(digest, split) != split:
                several.add(digest)
    ids: dict[str, dict[str, list[str]]] = {}
    for split, posts in splits.items():
        for post in posts:
            if hash(value := key(post)) in several:
                ids.setdefault(value, {}).setdefault(split, []).append(post.id)
    return [{"value": value, "ids": found} for value, found in ids.items() if value and len(found) > 1]
