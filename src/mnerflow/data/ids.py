"""Ids of posts that begin anew in each split."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from mnerflow.data.post_store import PostStore, hashes_of

FEW = 2  # shared ids from which they are no slip


def made_distinct(splits: Mapping[str, PostStore]) -> bool:
    """Put the split's name before each id, if ids begin anew in each split; returns whether they do.

    They do where two splits share half of the ids of the smaller one, and two at least. Other ids that stand
    twice are left for whoever refuses them.
    """
    hashes = [hashes_of(posts.ids()) for posts in splits.values()]
    shared = (
        (len(np.intersect1d(one, other, assume_unique=True)), min(len(one), len(other)))
        for one, other in combinations(hashes, 2)
    )
    if not any(count >= FEW and 2 * count >= smaller for count, smaller in shared):
        return False
    for split, posts in splits.items():
        posts.begin_ids(f"{split}-")
    return True
