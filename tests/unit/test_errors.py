"""Kinds of errors, worked out by hand, and what a fusion mends and breaks."""

from dataclasses import replace

import pytest

from mnerflow.data.post import Post
from mnerflow.evaluation.background import background_of
from mnerflow.evaluation.errors import Change, Entity, changes, count_errors, entities_of, outcomes
from mnerflow.evaluation.predictions import TESTED, Prediction, read_tested, write_predictions
from mnerflow.plan.names import Run
from mnerflow.reporting.changes import change_rows
from mnerflow.reporting.errors import error_rows, error_table

TEXT = Run("demo", "none", "bilstm", "none", "text_only", 1)
LINEAR = replace(TEXT, image_encoder="cnn", fusion="linear")
NAMES = {"demo": {"LOC": "place"}}


def tagged(gold: str, predicted: str, name: str = "1") -> Prediction:
    """Tags written short: ``"Bp Ip O Bl"``."""
    kinds = {"p": "PER", "l": "LOC", "": ""}
    labels, found = (
        [tag if tag == "O" else f"{tag[0]}-{kinds[tag[1]]}" for tag in text.split()]
        for text in (gold, predicted)
    )
    return Prediction(name, [f"w{place}" for place in range(len(labels))], labels, found, [1] * len(labels))


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ("Bp Ip O", "Bp Ip O", ["correct"]),
        ("Bp Ip O", "O O O", ["missed"]),
        ("O O O", "O Bl O", ["spurious"]),
        ("Bp Ip O", "Bl Il O", ["wrong_type"]),
        ("Bp Ip O", "Bp O O", ["wrong_boundary"]),
        ("Bp Ip O", "O Bl Il", ["both"]),
        ("Bp Ip O", "O O Bp", ["missed", "spurious"]),
        # The larger overlap is the partner, the other prediction is one too many.
        ("Bp Ip Ip", "Bp Bp Ip", ["wrong_boundary", "surplus"]),
        # One prediction over two gold entities misses neither.
        ("Bp Bl", "Bl Il", ["both", "wrong_boundary"]),
        # Nor does a right one that a wrong one stands beside.
        ("Bp Ip O", "Bl Bp O", ["wrong_boundary", "surplus"]),
        # A right entity keeps its partner although a wrong one overlaps it as well.
        ("Bp Ip Bl", "Bp Ip Bp", ["correct", "wrong_type"]),
    ],
)
def test_kinds_of_errors(gold, predicted, kinds):
    assert [outcome.kind for outcome in outcomes(*entities_of(tagged(gold, predicted)))] == kinds


def test_errors_are_counted_by_type_length_training_and_image():
    train = [Post("t", ["W0"], ["B-LOC"])]
    test = [Post("1", [], [], images=["broken.jpg", "1.jpg"]), Post("2", [], [], images=["broken.jpg"])]
    background = background_of(train, test, {"1.jpg"})
    counts = count_errors([tagged("Bp O Bl Il Il Il", "Bp O O O O O"), tagged("Bl", "O", "2")], background)
    found = {group: (row["correct"], row["missed"]) for group, row in counts.items()}
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


def test_changes_beside_the_baseline():
    baseline, fusion = tagged("Bp O Bl O O", "Bp O Bp O Bl"), tagged("Bp O Bl O O", "O O Bl Bp O")
    assert list(changes(baseline, fusion)) == [
        Change("broken", Entity("PER", 0, 1)),
        Change("fixed", Entity("LOC", 2, 3)),
        Change("removed", Entity("PER", 2, 3)),
        Change("added", Entity("PER", 3, 4)),
        Change("removed", Entity("LOC", 4, 5)),
    ]


def test_rows_are_means_over_seeds_and_examples_say_how_many_show_them(tmp_path):
    def file(run: Run, predicted: str) -> str:
        path = tmp_path / f"{run.fusion}{run.seed}"
        write_predictions(path, {TESTED: [tagged("Bp O", predicted)]})
        return str(path)

    runs = [
        (TEXT, "O O"),
        (replace(TEXT, seed=2), "O O"),
        (LINEAR, "Bp O"),
        (replace(LINEAR, seed=2), "O Bl"),
    ]
    files = {run: file(run, predicted) for run, predicted in runs}
    rows = error_rows(files, {("demo", "none"): background_of([], [], set())}, NAMES)
    (linear,) = [row for row in rows if row["fusion"] == "linear" and row["by"] == "all"]
    assert [linear[name] for name in ("seeds", "gold", "correct", "missed", "spurious")] == [
        2,
        1,
        0.5,
        0.5,
        0.5,
    ]
    assert {row["group"] for row in rows if row["by"] == "type"} == {"PER", "place"}
    assert "| linear" in error_table(rows).markdown()
    counts, examples = change_rows(files, {LINEAR.combination: {"image": TEXT.combination}}, NAMES)
    assert [(row["type"], row["fixed"], row["added"]) for row in counts] == [
        ("all", 0.5, 0.5), ("place", 0, 0.5), ("PER", 0.5, 0),
    ]  # fmt: skip
    (example,) = examples
    assert (example["change"], example["seeds"], example["of"], example["words"]) == ("fixed", 1, 2, ["w0"])
    assert (example["predicted_baseline"], example["predicted_fusion"]) == (["O", "O"], ["B-PER", "O"])


def test_a_file_of_predictions_is_read_once_for_all_that_is_compared_with_it(tmp_path, monkeypatch):
    combinations = [TEXT, *(replace(LINEAR, image_encoder=f"cnn{number}") for number in range(6))]
    files = {}
    for run in (replace(one, seed=seed) for one in combinations for seed in range(5)):
        files[run] = tmp_path / run.path.replace("/", "_")
        write_predictions(files[run], {TESTED: [tagged("Bp O", "Bp O")]})
    read = []
    monkeypatch.setattr(
        "mnerflow.reporting.changes.read_tested", lambda path: read.append(path) or read_tested(path)
    )
    baselines = {one.combination: {"image": TEXT.combination} for one in combinations[1:]}
    counts, _ = change_rows(files, baselines, NAMES)
    assert len(counts) == 6
    assert sorted(read) == sorted(files.values())
