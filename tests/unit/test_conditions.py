"""Conditions: what they are called, and whom the source of a shuffled post goes to."""

import random
from collections import Counter

import pytest

from mnerflow.conditions import TRUE, Condition, conditions_of, meet, shuffled
from mnerflow.errors import UserError


def test_a_condition_is_its_name() -> None:
    for condition in (TRUE, Condition("image", "blank"), Condition("caption", "shuffled")):
        assert Condition.named(condition.name) == condition
    names = {split: [one.name for one in each] for split, each in conditions_of(("image", "ocr")).items()}
    assert names == {
        "dev": ["true"],
        "test": ["true", "image.blank", "image.shuffled", "ocr.blank", "ocr.shuffled"],
    }
    assert conditions_of(()) == {"dev": [TRUE], "test": [TRUE]}


@pytest.mark.parametrize("name", ["", "image", "image.", ".blank", "image.shufled"])
def test_what_is_no_condition_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"no condition.*such as image\.shuffled"):
        Condition.named(name)


def test_nobody_is_handed_what_equals_their_own() -> None:
    rng = random.Random(0)
    for seed in range(2_000):
        images = [frozenset(rng.choice("abcdefgh"[: rng.randint(1, 8)])) for _ in range(rng.randint(0, 20))]
        given = shuffled(images, seed)
        assert sorted(given) == list(range(len(images))) and given == shuffled(images, seed)
        largest = max(Counter(images).values(), default=0)
        kept = sum(images[post] == images[other] for post, other in enumerate(given))
        assert kept == max(0, 2 * largest - len(images)), "as few as can be"


def test_nobody_is_handed_an_album_that_shares_an_image_with_their_own() -> None:
    rng = random.Random(0)
    for seed in range(500):
        images = [frozenset(rng.sample(range(60), rng.randint(1, 3))) for _ in range(40)]
        given = shuffled(images, seed)
        assert sorted(given) == list(range(40)) and given == shuffled(images, seed)
        assert not any(meet(images[post], images[other]) for post, other in enumerate(given))


def test_where_all_are_different_the_order_is_one_circle() -> None:
    """As it was when published runs were predicted."""
    assert shuffled([*map(frozenset, "abcdef")], 1) == [4, 2, 3, 5, 1, 0]
