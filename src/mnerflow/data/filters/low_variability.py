"""Leave out training posts whose tags vary too little; all dev and test posts stay."""

from collections import Counter
from collections.abc import Sequence
from math import log2

from mnerflow.data.filters import Drop
from mnerflow.data.post import Post
from mnerflow.data.tags import spans


def apply(
    posts: list[Post], split: str, min_types: int = 1, min_entropy: float = 0.0
) -> tuple[list[Post], list[Drop]]:
    """Drop training posts with fewer than ``min_types`` distinct entity types or too low an entropy of tags.

    ``min_entropy`` is in bits. Both are computed over the tokens that the model sees.
    """
    if split != "train":
        return posts, []
    result, drops = [], []
    for post in posts:
        tags = [post.labels[index] for index in post.kept]
        types = len({kind for kind, _, _ in spans(tags)})
        if types < min_types:
            drops.append(Drop(post.id, f"fewer than {min_types} entity types"))
        elif entropy(tags) < min_entropy:
            drops.append(Drop(post.id, f"tag entropy below {min_entropy:g} bits"))
        else:
            result.append(post)
    return result, drops


def entropy(tags: Sequence[str]) -> float:
    """Shannon entropy of the tag distribution in bits; 0 for no tags or a single one."""
    return sum(-count / len(tags) * log2(count / len(tags)) for count in Counter(tags).values())
