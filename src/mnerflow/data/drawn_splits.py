"""Splits that have no files of their own, and are drawn from the training posts."""

import random
from array import array
from pathlib import Path

from mnerflow.data.config import PrepareConfig
from mnerflow.data.post import SPLITS
from mnerflow.data.post_store import PostStore
from mnerflow.errors import UserError


def draw_missing(config: PrepareConfig, read: dict[str, PostStore], raw: Path) -> dict[str, PostStore]:
    """All three splits; those not read are drawn from train, group by group, each in train's order.

    Raises ``UserError`` where the fractions leave nothing to train on, and for too few posts or groups.
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
    part_of = bytearray(len(sizes))  # of each group: 0 stays in train, 1 is the first that is missing
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
    """The number of each post's group, a post without one being a group of its own, and the groups' sizes."""
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
    """Groups off the end of ``groups`` that bring the sum of their sizes nearer to ``wanted``, one at least,
    but ``keep`` of them.
    """
    drawn, posts = array("L"), 0
    for group in reversed(groups):
        nearer = abs(posts + sizes[group] - wanted) < abs(posts - wanted)
        if nearer and len(groups) - len(drawn) > keep:
            drawn.append(group)
            posts += sizes[group]
    return drawn or array("L", [min(groups, key=sizes.__getitem__)])
