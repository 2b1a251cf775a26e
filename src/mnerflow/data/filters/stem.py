"""Porter stems as input of the word-level encoder; tokens, labels and scores are untouched.

M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, as implemented by Snowball.
"""

from dataclasses import replace
from functools import cache

import snowballstemmer

from mnerflow.data.filters import Drop
from mnerflow.data.post import Post
from mnerflow.errors import UserError


def apply(posts: list[Post], split: str) -> tuple[list[Post], list[Drop]]:
    """Give every post its stems as ``forms``; raises ``UserError`` for a post that is not in English."""
    stem = cache(snowballstemmer.stemmer("porter").stemWord)
    for post in posts:
        if post.language and not post.language.lower().startswith("en"):
            raise UserError(
                f"{split}: post {post.id!r} is in {post.language!r}; Porter's stems are for English. "
                "Leave the filter 'stem' out for this data set."
            )
    # Snowball expects lower case. A token that it would reduce to nothing keeps its text.
    return [
        replace(post, forms=[stem(token.lower()) or token for token in post.tokens]) for post in posts
    ], []
