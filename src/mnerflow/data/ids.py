"""Ids of posts that restart in each split."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from mnerflow.data.post_store import PostStore, hashes_of

FEW = 2  # this many shared ids are no accident


def make_ids_distinct(splits: Mapping[str, PostStore]) -> bool:
    """Prefix each id with the name of its split if ids restart in each split; return whether they do.

    They do if two splits share at least two ids and at least half of the ids of the smaller split. Other
    duplicate ids are left unchanged, for a later check to refuse.
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
