"""What is known about a test split besides predictions: posts, entities in training, usable images."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from mnerflow.data.image_store import usable_images
from mnerflow.data.post import Post, read_posts
from mnerflow.data.tags import spans

SEEN = ("seen", "unseen")
USABLE = ("usable", "none")


@dataclass(frozen=True)
class Background:
    """What is known about a test split.

    Attributes:
        posts: posts of the test split, in order.
        seen: words of the entities in the training posts, lower-cased.
        images: for each post, whether it has a usable image: one of ``USABLE``. Blank or broken images are
            not usable. ``None`` where images were not checked.
    """

    posts: Sequence[Post]
    seen: Collection[tuple[str, ...]]
    images: Sequence[str] | None

    def in_training(self, words: Sequence[str]) -> str:
        """Whether these words are an entity in training, ignoring type and case: one of ``SEEN``."""
        return SEEN[_lower(words) not in self.seen]


def background_of(train: Iterable[Post], test: Sequence[Post], usable: Set[str] | None) -> Background:
    """Background of the ``test`` posts, from the training posts and the names of usable images, if known."""
    seen = {_lower(post.tokens[start:end]) for post in train for _, start, end in spans(post.labels)}
    images = None if usable is None else [USABLE[usable.isdisjoint(post.images)] for post in test]
    return Background(test, seen, images)


def read_backgrounds(
    train: Iterable[str | Path], test: Iterable[str | Path], indexes: Mapping[str, str | Path]
) -> dict[tuple[str, str], Background]:
    """Read backgrounds by data set and filter, from prepared posts and the indexes of image stores.

    ``indexes`` are given by data set, for those whose images some run reads. Raises ``UserError`` naming a
    file that is missing or malformed.
    """
    usable = {dataset: usable_images(Path(index)) for dataset, index in indexes.items()}
    found = {}
    for of_train, of_test in zip(train, test, strict=True):
        dataset, filter_name = Path(of_train).parts[-3:-1]
        found[dataset, filter_name] = background_of(
            read_posts(of_train), read_posts(of_test), usable.get(dataset)
        )
    return found


def _lower(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.lower() for word in words)
