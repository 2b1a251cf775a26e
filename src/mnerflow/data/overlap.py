"""Posts that occur in two data sets, even if one of these tokenized or cleaned them differently."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from mnerflow.data.post import Post, read_posts
from mnerflow.errors import UserError, quantity
from mnerflow.files.csv_text import csv_text
from mnerflow.files.writing import write_text

# Also matches a link that a tokenizer cut in two, such as `http://t. co/…`.
LINK = re.compile(r"https?:\S*(?:(?<=\.) co/\S*)?", re.IGNORECASE)


def text_key(post: Post) -> str:
    """The letters and digits of a post in lower case, without links: the same however it was tokenized."""
    return "".join(_words(post))


def shared_posts(posts: Iterable[Post], others: Iterable[Post]) -> list[tuple[Post, Post]]:
    """Pairs of a post and the same post in ``others``, for each of ``posts`` that also occurs there.

    Two posts are the same if their ``text_key`` is the same, or if they share an image's name and most words.
    Twitter10000, for example, took all its posts from Twitter-2015 and Twitter-2017, cut ``#word`` and
    ``@name`` in two, dropped links and corrected some words. Not one of its 5,727 posts from Twitter-2015 has
    the same tokens there.
    """
    by_text: dict[str, Post] = {}
    by_image: dict[str, list[tuple[set[str], Post]]] = defaultdict(list)
    for other in others:
        by_text[text_key(other)] = other
        if other.images:
            words = set(_words(other))
            for image in other.images:
                by_image[image].append((words, other))
    by_text.pop("", None)
    found = []
    for post in posts:
        same = by_text.get(text_key(post))
        if not same and post.images:
            words = set(_words(post))
            near = (
                other for image in post.images for theirs, other in by_image[image] if _alike(words, theirs)
            )
            same = next(near, None)
        if same:
            found.append((post, same))
    return found


def check_leak(learnt: Sequence[Path], tested: Sequence[Path], out: Path, allowed: bool) -> int:
    """Write the ids of test posts that were also trained on to a CSV file; return the number of these posts.

    ``learnt`` are the files of posts that were trained on, ``tested`` those to be tested with. Raises
    ``UserError``, and writes nothing, if there are such posts and that is not ``allowed``.
    """
    before = [post for path in learnt for post in read_posts(path)]
    found = [(path, *pair) for path in tested for pair in shared_posts(read_posts(path), before)]
    if found and not allowed:
        path, post, _ = found[0]
        raise UserError(
            f"init_from: {quantity(len(found), 'post')} of {', '.join(map(str, tested))} also in "
            f"{', '.join(map(str, learnt))}, such as {post.id!r} in {path.stem}. "
            "Scores would tell what was learnt by heart. Start from a data set `without` this one, "
            "or say `allow_leak: true`."
        )
    rows = ((path.stem, post.id, other.id) for path, post, other in found)
    write_text(out, csv_text(("split", "id", "id_learnt"), rows))
    return len(found)


def _alike(mine: set[str], theirs: set[str]) -> bool:
    return 2 * len(mine & theirs) > max(len(mine), len(theirs))


def _words(post: Post) -> list[str]:
    return re.findall(r"[^\W_]+", LINK.sub("", " ".join(post.tokens)).casefold())
