"""Hide tokens that are not words: e-mail addresses, URLs, strings of digits, single signs.

A hidden token keeps its place and its label, and is scored as predicted ``O``. The labels of the other
tokens stay as annotated: if a ``B-`` is hidden, the ``I-`` after it opens the entity.
"""

import re
from dataclasses import replace

from mnerflow.data.filters import Drop
from mnerflow.data.post import Post

# The first pattern, in this order, that matches the whole token is the reason. "_" counts as a sign.
PREDICATES = {
    "e-mail": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "url": re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+", re.IGNORECASE),
    "digits": re.compile(r"\d+"),
    "sign": re.compile(r"[\W_]"),
}


def apply(posts: list[Post], split: str) -> tuple[list[Post], list[Drop]]:
    """Add the indices of non-word tokens to ``dropped``; a training post left without tokens is dropped."""
    result: list[Post] = []
    drops: list[Drop] = []
    for post in posts:
        found = [(index, reason(post.tokens[index])) for index in post.kept]
        hidden = [index for index, why in found if why]
        drops.extend(Drop(post.id, why, index, post.tokens[index]) for index, why in found if why)
        post = replace(post, dropped=sorted([*post.dropped, *hidden]))
        if split == "train" and not post.kept:
            drops.append(Drop(post.id, "no words"))
        else:
            result.append(post)
    return result, drops


def reason(token: str) -> str | None:
    """The reason why ``token`` is not a word, or ``None`` if it is one."""
    return next((name for name, pattern in PREDICATES.items() if pattern.fullmatch(token)), None)
