"""Kinds of errors, worked out by hand, and what a fusion mends and breaks."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnerflow.data.post import Post
from mnerflow.data.tags import Entity, spans, tag_list
from mnerflow.errors import UserError
from mnerflow.evaluation.background import background_of
from mnerflow.evaluation.counts import Counts, count
from mnerflow.evaluation.errors import Change, changes, count_errors, grouping, outcomes
from mnerflow.evaluation.predictions import Prediction
from mnerflow.plan.names import Run
from mnerflow.reporting.changes import change_rows, examples
from mnerflow.reporting.errors import error_rows, error_table

TEXT = Run("demo", "none", "bilstm", "none", "text_only", 1)
LINEAR = replace(TEXT, image_encoder="cnn", fusion="linear")
TAGS = tag_list(["PER", "LOC"])
NAMES = {"demo": {"LOC": "place"}}


def tagged(gold: str, predicted: str, name: str = "1") -> Prediction:
    """Tags written short: ``"Bp Ip O Bl"``."""
    kinds = {"p": "PER", "l": "LOC", "": ""}
    labels, found = (
        [tag if tag == "O" else f"{tag[0]}-{kinds[tag[1]]}" for tag in text.split()]
        for text in (gold, predicted)
    )
    return Prediction(name, [f"w{place}" for place in range(len(labels))], labels, found, [1] * len(labels))


def entities(prediction: Prediction) -> list[list[Entity]]:
    return [[*spans(tags)] for tags in (prediction.labels, prediction.predicted)]


def counts(*posts: Prediction) -> Counts:
    return count({"true": posts}, TAGS)


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ("Bp Ip O", "Bp Ip O", ["correct"]),
        ("Bp Ip O", "O O O", ["missed"]),
        ("O O O", "O Bl O", ["spurious"]),
        ("Bp Ip O", "Bl Il O", ["wrong_type"]),
        ("Bp Ip O", "Bp O O", ["wrong_boundary"]),
        ("Bp Ip O", "O Bl Il", ["both"]),
        ("O Bp O", "Bp O Bp", ["missed", "spurious", "spurious"]),
        # The larger overlap is the partner, the other prediction is one too many.
        ("Bp Ip Ip", "Bl Bp Ip", ["wrong_boundary", "surplus"]),
        ("Bp Ip Ip", "Bp Ip Bl", ["wrong_boundary", "surplus"]),
        # One prediction over two gold entities misses neither.
        ("Bp Bl", "Bl Il", ["both", "wrong_boundary"]),
        # Nor does a right one that a wrong one stands beside.
        ("Bp Ip O", "Bl Bp O", ["wrong_boundary", "surplus"]),
        # A right entity keeps its partner although a wrong one overlaps it as well.
        ("Bp Ip Bl", "Bp Ip Bp", ["correct", "wrong_type"]),
    ],
)
def test_kinds_of_errors(gold, predicted, kinds):
    assert [outcome.kind for outcome in outcomes(*entities(tagged(gold, predicted)))] == kinds


def test_errors_are_counted_by_type_length_training_and_image():
    train = [Post("t", ["W0"], ["B-LOC"])]
    first, second = tagged("Bp O Bl Il Il Il", "Bp O O O O O"), tagged("Bl", "O", "2")
    test = [
        Post("1", first.tokens, first.labels, images=["broken.jpg", "1.jpg"]),
        Post("2", second.tokens, second.labels, images=["broken.jpg"]),
    ]
    groups_of = grouping(background_of(train, test, {"1.jpg"}))
    errors = count_errors(counts(first, second), groups_of)
    found = {group: (row["correct"], row["missed"]) for group, row in errors.items()}
    assert found == {
        ("all", "all"): (1, 2),
        ("type", "PER"): (1, 0),
        ("type", "LOC"): (0, 2),
        ("words", "1"): (1, 1),
        ("words", "3 or more"): (0, 1),
        ("in training", "seen"): (1, 1),  # "W0" was an entity in training, of whatever type and case
        ("in training", "unseen"): (0, 1),
        ("image", "usable"): (1, 1),
        ("image", "none"): (0, 1),
    }


def test_images_that_were_not_checked_are_not_counted_as_none():
    post = tagged("Bp", "Bp")
    test = [Post("1", post.tokens, post.labels, images=["1.jpg"])]
    known, unknown = (
        {by for by, _ in count_errors(counts(post), grouping(background_of([], test, usable)))}
        for usable in (set(), None)
    )
    assert known - unknown == {"image"}


def test_changes_beside_the_baseline():
    baseline, fusion = tagged("Bp O Bl O O", "Bp O Bp O Bl"), tagged("Bp O Bl O O", "O O Bl Bp O")
    assert list(changes(counts(baseline), counts(fusion))) == [
        Change("broken", 0, Entity("PER", 0, 1)),
        Change("removed", 0, Entity("PER", 2, 3)),
        Change("fixed", 0, Entity("LOC", 2, 3)),
        Change("added", 0, Entity("PER", 3, 4)),
        Change("removed", 0, Entity("LOC", 4, 5)),
    ]


@given(st.lists(st.tuples(*[st.lists(st.sampled_from(TAGS), min_size=5, max_size=5)] * 2), max_size=4))
def test_errors_of_a_run_are_those_of_its_posts_one_by_one(tags):
    posts = [Prediction(str(n), ["w"] * 5, gold, found, [1] * 5) for n, (gold, found) in enumerate(tags)]
    test = [Post(post.id, post.tokens, post.labels) for post in posts]
    found = count_errors(counts(*posts), grouping(background_of([], test, set())))
    one_by_one = Counter(
        (group, outcome.kind)
        for post in posts
        for outcome in outcomes(*entities(post))
        for group in (("all", "all"), ("type", outcome.entity.type))
    )
    assert {
        (group, kind): n for group in found for kind, n in found[group].items() if group[0] in ("all", "type")
    } == one_by_one


def test_rows_are_means_over_seeds_and_examples_say_how_many_show_them():
    predicted = {
        TEXT: "O O",
        replace(TEXT, seed=2): "O O",
        LINEAR: "Ip O",
        replace(LINEAR, seed=2): "O Bl",
    }
    runs = {run: counts(tagged("Bp O", tags)) for run, tags in predicted.items()}
    test = [Post("1", ["w0", "w1"], ["B-PER", "O"])]
    data = ("demo", "none")
    rows = error_rows(runs, {data: background_of([], test, set())}, NAMES)
    (linear,) = [row for row in rows if row["fusion"] == "linear" and row["by"] == "all"]
    columns = ("seeds", "gold", "correct", "missed", "spurious")
    assert [linear[name] for name in columns] == [2, 1, 0.5, 0.5, 0.5]
    assert [(row["by"], row["group"]) for row in rows if row["fusion"] == "linear"] == [
        ("all", "all"), ("type", "place"), ("type", "PER"), ("words", "1"), ("in training", "unseen"),
        ("image", "none"),
    ]  # fmt: skip
    assert "| linear" in error_table(rows).markdown()
    baselines = {LINEAR.combination: {"image": TEXT.combination}}
    without_baseline = {replace(LINEAR, seed=3): runs[LINEAR]}  # of the same seed
    numbers = change_rows(runs | without_baseline, baselines, NAMES)
    assert [(row["type"], row["fixed"], row["added"]) for row in numbers] == [
        ("all", 0.5, 0.5), ("place", 0, 0.5), ("PER", 0.5, 0),
    ]  # fmt: skip
    of_all = change_rows(runs, baselines, {"demo": {"PER": "all"}})  # a type that is called like the total
    assert [(row["type"], row["fixed"]) for row in of_all] == [("all", 0.5), ("LOC", 0), ("all", 0.5)]
    (example,) = examples(runs, {data: test}, baselines)
    assert (example["change"], example["seeds"], example["of"], example["words"]) == ("fixed", 1, 2, ["w0"])
    assert (example["predicted_baseline"], example["predicted_fusion"]) == (["O", "O"], ["B-PER", "O"])


@pytest.mark.parametrize("table", ["errors", "examples"])
def test_a_run_of_other_posts_is_named(table):
    runs, other = {TEXT: counts(tagged("Bp O", "O O"))}, [Post("2", ["w0", "w1"], ["B-PER", "O"])]
    data = ("demo", "none")
    with pytest.raises(UserError, match="seed1: its predictions are of other posts or labels"):
        if table == "errors":
            error_rows(runs, {data: background_of([], other, set())}, NAMES)
        else:
            list(examples(runs, {data: other}, {}))
