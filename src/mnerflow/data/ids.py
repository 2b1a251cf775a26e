"""Ids of posts that begin anew in each split."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from mnerflow.data.post import Post

FEW = 2  # shared ids from which they are no slip


def made_distinct(splits: Mapping[str, Sequence[Post]]) -> bool:
    """Put the split's name before each id, if ids begin anew in each split; returns whether they do.

    They do where two splits share half of the ids of the smaller one, and two at least. Other ids that stand
    twice are left for whoever refuses them.
    """
    ids = {split: {post.id for post in posts} for split, posts in splits.items()}
    shared = ((len(one & other), min(len(one), len(other))) for one, other in combinations(ids.values(), 2))
    if not any(count >= FEW and 2 * count >= smaller for count, smaller in shared):
        return False
    for split, posts in splits.items():
        for post in posts:
            post.id = f"{split}-{post.id}"
    return True
