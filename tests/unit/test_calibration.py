"""Expected calibration error, worked out by hand and of models that are calibrated by construction."""

import random
from dataclasses import replace

import numpy as np
import pytest

from mnerflow.evaluation import calibration
from mnerflow.evaluation.counts import count, read_counts, write_counts
from mnerflow.evaluation.predictions import Prediction
from mnerflow.plan.names import Run
from mnerflow.reporting.calibration import (
    RELIABILITY,
    TABLE,
    calibration_rows,
    calibration_table,
    reliability_rows,
)
from mnerflow.reporting.plots.reliability import draw_reliability

TAGS = ["O", "B-PER", "I-PER"]
TEXT = Run("demo", "none", "bilstm", "none", "text_only", 1)
# Three words right and two wrong; one entity right and one of which the last word is missing.
POSTS = [
    Prediction("1", ["Ann", "Lee", "!"], ["B-PER", "I-PER", "O"], ["B-PER", "O", "O"], [1, 1, 1]),
    Prediction("2", ["Bob", "?"], ["B-PER", "O"], ["B-PER", "B-PER"], [1, 1]),
    Prediction("3", ["Eve"], ["B-PER"], ["O"], [1]),
]


def sure(post: Prediction, words: list[float | None], entities: list[float] | None) -> Prediction:
    return replace(post, confidence=words, entity_confidence=entities)


CONFIDENT = [
    sure(POSTS[0], [0.9, 0.8, 1.0], [0.6]),
    sure(POSTS[1], [0.7, 0.5], [0.7, 0.5]),
    sure(POSTS[2], [None], None),  # a filter hid the word
]


def test_the_error_by_hand():
    tallies = calibration.tally(CONFIDENT)
    assert tallies["word"].tolist() == [[5000, 1, 0], [7000, 1, 1], [8000, 1, 0], [9000, 1, 1], [10000, 1, 1]]
    assert tallies["entity_word"].tolist() == [[5000, 1, 0], [7000, 1, 1], [9000, 1, 1]]
    assert tallies["entity"].tolist() == [[5000, 1, 0], [6000, 1, 0], [7000, 1, 1]]
    # Fewer words than bins: each is a bin of its own.
    error = (0.5 + 0.3 + 0.8 + 0.1 + 0) / 5
    assert calibration.calibration_error(tallies["word"]) == pytest.approx(error)
    assert calibration.confidence(tallies["word"]) == pytest.approx(0.78)
    assert calibration.accuracy(tallies["word"]) == 0.6
    # Thirty of 0.9, of which 24 are right, and thirty of 0.6 with 21: a distance of 0.1 in all bins.
    two = np.array([[6000, 30, 21], [9000, 30, 24]])
    assert [rows.tolist() for rows in calibration.in_bins(two)] == [[two[0].tolist()], [two[1].tolist()]]
    assert calibration.calibration_error(two) == pytest.approx(0.1)
    assert calibration.calibration_error(calibration.merge_tallies([two, two])) == pytest.approx(0.1)
    by_chance = (2 / np.pi) ** 0.5 * ((30 * 0.24) ** 0.5 + (30 * 0.09) ** 0.5) / 60
    assert calibration.chance_error(two) == pytest.approx(by_chance)


def test_bins_hold_equally_many():
    tally = np.array([[level, 1, 0] for level in range(1, 1501)])
    assert [len(rows) for rows in calibration.in_bins(tally)] == [100] * calibration.BINS


def words(number: int, seed: int, too_sure: float = 0.0) -> list[Prediction]:
    """Posts of one word, right as often as the model is sure of it, less ``too_sure``."""
    rng = random.Random(seed)
    posts = []
    for index in range(number):
        confidence = round(rng.uniform(0.5, 1), 4)
        label = "B-PER" if rng.random() < confidence - too_sure else "O"
        posts.append(
            Prediction(str(index), ["Ann"], [label], ["B-PER"], [1], None, [confidence], [confidence])
        )
    return posts


def test_a_calibrated_model_has_no_error_but_that_of_chance():
    errors = [
        calibration.calibration_error(calibration.tally(words(500, seed))["word"]) for seed in range(20)
    ]
    by_chance = calibration.chance_error(calibration.tally(words(500, 0))["word"])
    assert np.mean(errors) == pytest.approx(by_chance, rel=0.15)
    assert calibration.calibration_error(calibration.tally(words(20_000, 0))["word"]) < 0.015
    too_sure = calibration.tally(words(20_000, 0, too_sure=0.2))["entity"]
    assert calibration.calibration_error(too_sure) == pytest.approx(0.2, abs=0.015)


def test_the_order_of_posts_does_not_matter():
    posts = words(500, 0)
    posts = [replace(post, confidence=[round(post.confidence[0], 1)]) for post in posts]  # many are equal
    turned = calibration.tally(posts[::-1])
    for unit, tally in calibration.tally(posts).items():
        np.testing.assert_array_equal(turned[unit], tally)


def test_a_row_is_a_mean_over_seeds_with_confidence_and_the_others_are_counted(tmp_path):
    runs = {replace(TEXT, seed=seed): count({"true": words(300, seed, 0.1)}, TAGS) for seed in (1, 2, 3)}
    bare = replace(TEXT, variant="old")
    write_counts(tmp_path / "counts.npz", runs | {bare: count({"true": POSTS}, TAGS)})
    read = read_counts([tmp_path / "counts.npz"])
    (row,) = calibration_rows(read)
    tallies = [found.confidence["entity"] for found in runs.values()]
    assert row["seeds"] == 3
    errors = [*map(calibration.calibration_error, tallies)]
    assert row["entity_ece_mean"] == pytest.approx(np.mean(errors))
    assert row["entity_ece_sd"] == pytest.approx(np.std(errors, ddof=1))
    assert row["entity_confidence"] - row["entity_accuracy"] == pytest.approx(0.1, abs=0.05)
    said = calibration_table([row], read).markdown()
    assert "Left out because their predictions contain no confidence: 1 of 4 runs (demo: 1)." in said
    TABLE.write([tmp_path / "calibration.csv"], [row])
    assert TABLE.read(tmp_path / "calibration.csv")[0]["entity_ece_mean"] == pytest.approx(np.mean(errors))


def test_reliability_is_drawn_where_there_is_confidence(tmp_path, drawn):
    other = replace(TEXT, dataset="tweets")
    runs = {TEXT: count({"true": words(300, 1)}, TAGS), other: count({"true": POSTS}, TAGS)}
    rows = reliability_rows(runs)
    entities = [row for row in rows if row["unit"] == "entity"]
    assert sum(row["count"] for row in entities) == 300 and len(entities) == calibration.BINS
    RELIABILITY.write([tmp_path / "reliability.csv"], rows)
    draw_reliability(tmp_path / "reliability.csv", tmp_path / "reliability")
    RELIABILITY.write([tmp_path / "reliability.csv"], [])
    draw_reliability(tmp_path / "reliability.csv", tmp_path / "reliability")
    (axes,) = drawn[0].axes  # none of tweets
    (line,) = (line for line in axes.lines if line.get_marker() != "None")
    assert line.get_xdata() == pytest.approx([100 * row["confidence"] for row in entities], abs=1e-5)
    assert "No predictions" in drawn[1].texts[0].get_text()
