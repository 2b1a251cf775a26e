"""Churn: which posts two runs tag differently, worked out by hand."""

from dataclasses import replace

import pytest

from mnerflow.errors import UserError
from mnerflow.evaluation.churn import churn
from mnerflow.evaluation.counts import Counts, count, read_counts, write_counts
from mnerflow.evaluation.predictions import Prediction
from mnerflow.plan.names import Run
from mnerflow.reporting.churn import TABLE, churn_row, churn_sentences
from mnerflow.reporting.plots.churn import draw_churn

TEXT = Run("demo", "none", "bilstm", "none", "text_only", 1)
LINEAR = replace(TEXT, image_encoder="cnn", fusion="linear")
BASELINES = {LINEAR.combination: {"image": TEXT.combination}}
TAGS = ["O", "B-PER", "I-PER"]


def posts(tags: str) -> list[Prediction]:
    """Posts of one word each, tagged as the letters say."""
    tag = {"O": "O", "B": "B-PER", "I": "I-PER"}
    return [
        Prediction(str(number), ["Ann"], ["B-PER"], [tag[letter]], [1]) for number, letter in enumerate(tags)
    ]


def counts(true: str, **wrong: str) -> Counts:
    changed = {f"image.{change}": posts(tags) for change, tags in wrong.items()}
    return count({"true": posts(true)} | changed, TAGS)


RUNS = {
    TEXT: counts("BBBB"),
    replace(TEXT, seed=2): counts("BBBO"),
    replace(TEXT, seed=3): counts("BBOO"),
    LINEAR: counts("BBBB", shuffled="OBBB", blank="OOBB"),
    replace(LINEAR, seed=2): counts("OBBB", shuffled="OBBB", blank="BBBB"),
}


def test_churn_by_hand():
    linear, text = map(churn_row, churn(RUNS, BASELINES))
    # Seeds 1 and 2, 1 and 3, 2 and 3 of the text differ in 1, 2 and 1 of 4 posts.
    assert (text["churn"], text["churn_low"], text["churn_high"], text["churn_pairs"]) == (
        pytest.approx(1 / 3),
        0.25,
        0.5,
        3,
    )
    of_baseline = ("source", "baseline", "baseline_churn", "across", "same_seed", "beyond_seeds")
    assert {text[name] for name in (*of_baseline, "changed_shuffled", "changed_blank")} == {None}
    assert (linear["churn"], linear["churn_pairs"], linear["seeds"]) == (0.25, 1, 2)
    # Of different seeds: 1-2 in 1 post, 1-3 in 2, 2-1 in 1, 2-3 in 3; of the same: 1-1 in 0, 2-2 in 2.
    assert (linear["across"], linear["across_low"], linear["across_high"]) == (7 / 16, 0.25, 0.75)
    assert (linear["across_pairs"], linear["same_seed"]) == (4, 0.25)
    assert linear["beyond_seeds"] == pytest.approx(7 / 16 - (1 / 4 + 1 / 3) / 2)
    assert (linear["changed_shuffled"], linear["changed_blank"]) == (1 / 8, 3 / 8)
    assert churn_sentences([linear, text]) == {
        (
            "demo",
            "image",
        ): "Two seeds of one model tag 29.2 % of the test posts differently; a model with the image and "
        "one without it, of different seeds, 43.8 %; the same model with the image of another post 12.5 %."
    }


def test_seeds_that_tag_alike_have_no_churn_and_the_order_of_posts_does_not_matter(tmp_path):
    same = {replace(TEXT, seed=seed): counts("BOIB") for seed in (1, 2)}
    (row,) = churn(same, BASELINES)
    assert row.seeds.mean == row.seeds.high == 0
    turned = {run: counts(tags[::-1]) for run, tags in zip(RUNS, ("BBBB", "BBBO", "BBOO"), strict=False)}
    straight = {run: RUNS[run] for run in turned}
    assert churn(turned, {}) == churn(straight, {})
    write_counts(tmp_path / "counts.npz", RUNS)
    assert churn(read_counts([tmp_path / "counts.npz"]), BASELINES) == churn(RUNS, BASELINES)


def test_one_seed_has_no_churn_but_is_held_against_other_seeds():
    runs = {run: found for run, found in RUNS.items() if run != replace(LINEAR, seed=2)}
    linear, _ = map(churn_row, churn(runs, BASELINES))
    assert linear["churn"] is linear["beyond_seeds"] is None
    assert (linear["across"], linear["across_pairs"], linear["same_seed"]) == (3 / 8, 2, 0)
    assert churn_sentences([linear]) == {}
    with pytest.raises(UserError, match="other posts or labels"):
        churn(runs | {LINEAR: counts("BB")}, BASELINES)


def test_churn_is_drawn_on_one_scale(tmp_path, drawn):
    other = {replace(run, dataset="demo_control"): found for run, found in RUNS.items()}
    baselines = BASELINES | {
        replace(LINEAR.combination, dataset="demo_control"): {
            "image": replace(TEXT.combination, dataset="demo_control")
        }
    }
    rows = [*map(churn_row, churn(RUNS | other, baselines))]
    TABLE.write([tmp_path / "churn.csv"], rows)
    draw_churn(tmp_path / "churn.csv", tmp_path / "churn")
    TABLE.write([tmp_path / "churn.csv"], [])
    draw_churn(tmp_path / "churn.csv", tmp_path / "churn")
    first, second = drawn[0].axes
    assert first.get_xlim() == second.get_xlim()
    marks = {line.get_marker(): line.get_xdata()[0] for line in first.lines if len(line.get_xdata()) == 1}
    assert marks == {"o": pytest.approx(100 / 3), "s": 43.75, "^": 12.5, "v": 37.5}
    assert [text.get_text() for text in first.get_yticklabels()] == ["bilstm+cnn linear", "bilstm text only"]
    assert "with another seed" in drawn[1].texts[0].get_text()
