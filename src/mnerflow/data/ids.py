"""Ids of posts that restart in each split."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import PurePath

import numpy as np

from mnerflow.data.post_store import PostStore, hashes_of

FEW = 2  # this many shared ids are no accident


def make_ids_distinct(splits: Mapping[str, PostStore], files: Mapping[str, Iterable[str | PurePath]]) -> bool:
    """Prefix each id with the name of its split if ids restart in each split; return whether they do.

    They do if two splits share at least two ids and at least half of the ids of the smaller split, or if they
    share an id that is made of the stem of a file in ``files`` of both. Other duplicate ids are left
    unchanged, for a later check to refuse.
    """
    hashes = {split: hashes_of(posts.ids()) for split, posts in splits.items()}
    stems = {split: {PurePath(name).stem for name in files[split]} for split in splits}

    def restart(one: str, other: str) -> bool:
        count = len(_shared(hashes[one], hashes[other]))
        if count >= FEW and 2 * count >= min(len(hashes[one]), len(hashes[other])):
            return True
        starts = tuple(f"{stem}-" for stem in stems[one] & stems[other])
        made = (
            hashes_of(id for id in splits[split].ids() if id.startswith(starts)) for split in (one, other)
        )
        return bool(count and starts and len(_shared(*made)))

    if not any(restart(*pair) for pair in combinations(splits, 2)):
        return False
    for split, posts in splits.items():
        posts.begin_ids(f"{split}-")
    return True


def _shared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.intersect1d(one, other, assume_unique=True)
