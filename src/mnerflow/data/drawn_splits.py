"""Splits that have no files of their own and are drawn from the training posts."""

import random
from array import array
from pathlib import Path

from mnerflow.data.config import PrepareConfig
from mnerflow.data.post import SPLITS
from mnerflow.data.post_store import PostStore
from mnerflow.errors import UserError


def draw_missing(config: PrepareConfig, read: dict[str, PostStore], raw: Path) -> dict[str, PostStore]:
    """Return all three splits; draw the missing ones from train, group by group, each in the order of train.

    Raises ``UserError`` if the fractions leave nothing to train on, and for too few posts or groups.
    """
    fractions = {"dev": config.dev_fraction, "test": config.test_fraction}
    missing = [split for split in fractions if split not in read]
    if not missing:
        return read
    if sum(fractions[split] for split in missing) >= 1:
        raise UserError(f"{raw}: dev_fraction and test_fraction leave nothing to train on. Lower them.")
    train = read["train"]
    group_of, sizes = _groups(train)
    groups = array("L", range(len(sizes)))
    random.Random(config.seed).shuffle(groups)
    if len(groups) <= len(missing):
        raise UserError(
            f"{raw}: too few posts or groups in train ({len(groups)}) to draw {' and '.join(missing)} from. "
            "Give the set more posts, or a file for each split."
        )
    part_of = bytearray(len(sizes))  # by group: 0 stays in train, 1 goes to the first missing split
    for part, split in enumerate(missing, start=1):
        wanted = max(1, round(fractions[split] * len(train)))
        for group in _draw(groups, sizes, wanted, keep=len(missing) - part + 1):
            part_of[group] = part
        groups = array("L", (group for group in groups if not part_of[group]))
    drawn = {split: PostStore() for split in ("train", *missing)}
    stores = [*drawn.values()]
    for post, group in zip(train, group_of, strict=True):
        stores[part_of[group]].add(post)
    return {split: drawn.get(split) or read[split] for split in SPLITS}


def _groups(posts: PostStore) -> tuple["array[int]", "array[int]"]:
    """The group number of each post and the size of each group; a post without a group is one by itself."""
    numbers: dict[str, int] = {}
    group_of, sizes = array("L"), array("L")
    for post in posts:
        number = numbers.setdefault(post.group, len(sizes)) if post.group else len(sizes)
        if number == len(sizes):
            sizes.append(0)
        sizes[number] += 1
        group_of.append(number)
    return group_of, sizes


def _draw(groups: "array[int]", sizes: "array[int]", wanted: int, keep: int) -> "array[int]":
    """Draw, from the end of ``groups``, each group that brings their total size nearer to ``wanted``.

    At least one group is drawn, and at least ``keep`` groups are left.
    """
    drawn, posts = array("L"), 0
    for group in reversed(groups):
        nearer = abs(posts + sizes[group] - wanted) < abs(posts - wanted)
        if nearer and len(groups) - len(drawn) > keep:
            drawn.append(group)
            posts += sizes[group]
    return drawn or array("L", [min(groups, key=sizes.__getitem__)])
