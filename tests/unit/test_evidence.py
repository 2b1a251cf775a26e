"""Does the image help: verdicts on predictions made so that the answer is known, and what is tabulated."""

import random
import re
from collections.abc import Iterable
from dataclasses import asdict, replace
from math import erfc, sqrt
from typing import Any

import numpy as np
import pytest
from records import VALUES, record_of

from mnerflow.cli import main
from mnerflow.data.tags import tag_list
from mnerflow.errors import UserError
from mnerflow.evaluation.best import best_combinations
from mnerflow.evaluation.comparison import Comparison, Control
from mnerflow.evaluation.counts import Counts, count, read_counts, write_counts
from mnerflow.evaluation.evidence import compare_with_baselines, stray_controls, unlike_baselines
from mnerflow.evaluation.intervals import score_intervals
from mnerflow.evaluation.predictions import Prediction
from mnerflow.evaluation.seeds import Estimate, SeedVariance, systems_of
from mnerflow.evaluation.statistics import holm
from mnerflow.plan.names import Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.record import TrainingRecord
from mnerflow.reporting import summary
from mnerflow.reporting.does_it_help import TABLE, help_record, help_table
from mnerflow.reporting.latex import latex
from mnerflow.reporting.per_type import type_rows, type_tables
from mnerflow.reporting.power import power_text
from mnerflow.reporting.summary import REPORTED, grid_table, summarize

TAGS = tag_list(["PER", "LOC"])
MARGIN, TRIALS = 0.005, 1_000
POOLS = SeedPools()
TEXT = Run("demo", "none", "bilstm", "none", "text_only", 1)
LINEAR = replace(TEXT, image_encoder="cnn", fusion="linear")
CAPTION = replace(TEXT, variant="caption")
BASELINES = {
    LINEAR.combination: {"image": TEXT.combination},
    CAPTION.combination: {"caption": TEXT.combination},
}


def predictions(right: float, seed: int, sentences: int = 400) -> list[Prediction]:
    """Sentences with one entity of one word, its type found with the probability ``right``."""
    rng, gold = random.Random(seed), random.Random(0)
    posts = []
    for number in range(sentences):
        label, wrong = gold.sample(["B-PER", "B-LOC"], 2)
        found = label if rng.random() < right else wrong
        posts.append(Prediction(str(number), ["Paris", "!"], [label, "O"], [found, "O"], [1, 1]))
    return posts


def counts(right: float, seed: int, wrong: float | None = None, source: str = "image") -> Counts:
    """Counts of a run of one source, or of one that is right this often with another true and with it wrong.

    Where both are the same, so are the predictions: the other source is ignored.
    """
    if wrong is None:
        return count({"true": predictions(right, seed)}, TAGS)
    true = predictions(right, seed)
    other = [true, true] if wrong == right else [predictions(wrong, seed + k) for k in (50, 60)]
    return count({"true": true, f"{source}.shuffled": other[0], f"{source}.blank": other[1]}, TAGS)


def compare(text: float, *fusion: float, seeds: int = 3) -> Comparison:
    """A fusion and its baseline over so many seeds."""
    runs = {}
    for seed in range(1, seeds + 1):
        runs[replace(TEXT, seed=seed)] = counts(text, seed)
        runs[replace(LINEAR, seed=seed)] = counts(fusion[0], seed + 10, *fusion[1:])
    (comparison,), alone = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    assert alone == []
    return comparison


def test_on_demo_the_image_decides():
    comparison = compare(0.6, 0.9, 0.5)
    assert comparison.verdict == "gains"
    assert comparison.difference.value == pytest.approx(0.3, abs=0.05)
    assert comparison.drops["image.shuffled"].value == pytest.approx(0.4, abs=0.06)
    assert comparison.difference.p < 0.001
    assert comparison.p_trained == pytest.approx(1 / (TRIALS + 1))
    assert comparison.order is None  # too few seeds
    assert comparison.changed == pytest.approx(0.9 * 0.5 + 0.1 * 0.5, abs=0.03)


@pytest.mark.parametrize("text", [0.6, 0.75, 0.9])
def test_on_demo_control_the_image_is_ignored_even_by_a_better_model(text):
    comparison = compare(text, 0.75, 0.75)
    assert (comparison.changed, comparison.smallest_margin, comparison.sentences) == (0, 3 / 400, 400)
    assert (comparison.verdict, comparison.close) == ("unclear", False), "none of 400 says too little"
    assert replace(comparison, margin=0.01).verdict == "ignores"


def test_a_misleading_image_loses():
    comparison = compare(0.9, 0.6, 0.9, seeds=5)
    assert (comparison.verdict, comparison.order) == ("loses", 1)


def comparison(difference: float, *drop: float, reach: float = 0.002, seeds: int = 3) -> Comparison:
    """``drop`` is with the image shuffled and blank, or one for both; 95 % intervals reach so far to a side.

    p is not corrected.
    """
    names = ("image.shuffled", "image.blank")
    drops = {name: Estimate(value, reach / 1.96, 1e6) for name, value in zip(names, drop * 2, strict=False)}
    estimate = Estimate(difference, reach / 1.96, 1e6)
    return Comparison(
        LINEAR.combination, "image" if drops else "caption", TEXT.combination, seeds, 3, 0.7,
        0.7 + difference, estimate, estimate.p, 0.5, drops, None, None, MARGIN, 10_000,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        (comparison(0.03, 0.02), "gains"),
        (replace(comparison(0.03, 0.02), p_corrected=0.06), "unclear"),
        (comparison(0.03, 0.03, reach=0.04), "unclear"),
        (comparison(0.03, 0.0), "ignores"),  # better, but not by its image
        (comparison(0.03, 0.0, reach=0.025), "unclear"),  # better, and whether by its image is open
        (comparison(0.03, 0.02, 0.0), "gains"),
        (comparison(0.03, 0.0, 0.02), "unclear"),  # only a blank image, which it has never seen, costs it
        (comparison(-0.03, -0.02), "loses"),
        (comparison(-0.03, 0.0, 0.02), "loses"),
        (comparison(-0.03, 0.0), "ignores"),
        (comparison(0.0, 0.002), "ignores"),
        (replace(comparison(0.0, 0.01), margin=0.02), "ignores"),
        (replace(comparison(0.0, 0.0), sentences=600), "unclear"),
        (replace(comparison(0.0, 0.0), drops={"image.shuffled": Estimate(0.0, 0.001, 1e6)}), "unclear"),
        (replace(comparison(0.0, 0.0), source="image+caption"), "unclear"),  # the caption was not changed
        (comparison(0.0, 0.05), "relies"),
        (comparison(0.004, 0.05, reach=0.005), "unclear"),  # it may gain more than the margin
        (comparison(0.0, 0.05, reach=0.01), "unclear"),
        (comparison(0.03), "gains"),  # a caption, not predicted with a wrong one
        (comparison(-0.03), "loses"),
        (comparison(0.0), "unclear"),
        (comparison(0.03, 0.02, seeds=1), "one seed"),
        (replace(comparison(0.0, 0.0), fusion_score=0.0), "unclear"),  # finds nothing with any image
        (replace(comparison(0.03, 0.02), p_corrected=0.0), "gains"),
        (replace(comparison(-0.03, 0.02), p_corrected=0.0), "loses"),
    ],
)
def test_rules_of_the_verdict(case, verdict):
    assert case.verdict == verdict


@pytest.mark.parametrize(
    ("case", "close"),
    [
        (comparison(0.03, 0.02), False),
        (comparison(0.03, 0.0023), True),  # the drop's lower bound is 0.03 points above zero
        (comparison(0.03, 0.0017), True),  # and here below it
        (comparison(-0.03, -0.0103, reach=0.01), True),  # the drop's upper bound is 0.03 points below zero
        (comparison(0.03, 0.00005, reach=0.0002), True),  # an interval that narrows to its middle
        (comparison(0.0, 0.0031), True),  # its 90 % interval ends 0.02 points below the margin
        (comparison(0.0015, 0.05, reach=0.004), True),  # so does that of the difference
        (comparison(0.0, 0.0), False),
    ],
)
def test_a_bound_that_all_but_decides_is_flagged(case, close):
    assert case.close == close


def test_a_caption_that_was_never_wrong_is_compared_and_a_run_without_baseline_is_named():
    runs = {replace(TEXT, seed=s): counts(0.6, s) for s in (1, 2)}
    runs |= {replace(CAPTION, seed=s): counts(0.9, s + 2) for s in (1, 2)}
    other = replace(LINEAR, text_encoder="minilm")
    runs[other] = counts(0.9, 5, 0.5)
    text = replace(TEXT, text_encoder="minilm").combination
    without = {other.combination: {"image": text, "caption": replace(text, image_encoder="cnn")}}
    (caption,), alone = compare_with_baselines(runs, BASELINES | without, POOLS, MARGIN, TRIALS)
    assert alone == [other]
    record = help_record(caption)
    assert set(record) == set(TABLE.names)
    assert (record["image_encoder"], record["drop_shuffled"], record["changed"]) == ("none", None, None)
    assert (record["seeds"], record["sure"], record["verdict"]) == (2, True, "gains")
    table = help_table([record], alone, MARGIN).markdown()
    assert "`demo/none/minilm+cnn/linear/seed1`" in table
    assert "\n\ngains: the run is significantly better than its baseline" in table
    assert "is less than 0.5 points" in table
    assert "| **+" in table


def test_a_caption_is_held_against_wrong_ones_and_of_two_contexts_each_against_its_own():
    runs = {replace(TEXT, seed=s): counts(0.6, s) for s in (1, 2)}
    runs |= {replace(CAPTION, seed=s): counts(0.9, s + 2, 0.6, "caption") for s in (1, 2)}
    [caption], _ = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    assert (caption.verdict, caption.drop("shuffled")) == ("gains", caption.drops["caption.shuffled"])
    assert help_record(caption)["drop_blank"] == caption.drops["caption.blank"].value
    both = {CAPTION.combination: {"caption+ocr": TEXT.combination}}
    [two], _ = compare_with_baselines(runs, both, POOLS, MARGIN, TRIALS)
    assert (set(two.drops), two.drop("shuffled")) == ({"caption.shuffled", "caption.blank"}, None)
    assert two.verdict == "gains" and help_record(two)["drop_shuffled"] is None
    runs[replace(CAPTION, seed=2)] = counts(0.9, 4)
    [caption], _ = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    assert caption.drops == {}, "not of all seeds"


SHUFFLED = replace(LINEAR, variant="image_shuffled")


def test_a_matched_control_stands_beside_the_baseline_and_changes_no_other_number(tmp_path):
    runs = {replace(TEXT, seed=s): counts(0.6, s) for s in (1, 2, 3)}
    runs |= {replace(LINEAR, seed=s): counts(0.9, s + 10, 0.5) for s in (1, 2, 3)}
    runs |= {replace(SHUFFLED, seed=s): counts(0.7, s + 20, 0.7) for s in (1, 2)}
    held = {LINEAR.combination: {"image.shuffled": SHUFFLED.combination}}
    [one], alone = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS, controls=held)
    [without], _ = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    assert (replace(one, controls={}), alone) == (without, [])
    uncontrolled = {run: found for run, found in runs.items() if run.variant == "base"}
    assert one.drops == compare_with_baselines(uncontrolled, BASELINES, POOLS, MARGIN, TRIALS)[0][0].drops
    control = one.controls["shuffled"]
    assert (control.combination, control.seeds) == (SHUFFLED.combination, 2)
    systems = systems_of(runs)
    variance = SeedVariance.pooled(systems.values())
    assert control.difference == variance.difference(
        systems[LINEAR.combination], systems[SHUFFLED.combination]
    )

    record = help_record(one)
    assert set(record) == set(TABLE.names)
    assert record["control_shuffled"] == "demo/none/bilstm+cnn/linear+image_shuffled"
    assert record["beyond_control_shuffled"] == pytest.approx(0.2, abs=0.06)
    assert record["beyond_control_shuffled_low"] > 0 and record["beyond_control_shuffled_p"] < 0.001
    assert {record[name] for name in ("control_blank", "beyond_control_blank", "control_blank_score")} == {
        None
    }
    shown, unshown = (help_table([row], [], MARGIN) for row in (record, help_record(without)))
    assert [part.columns[-1] for part in shown.further if part.name == "control"] == [
        "beyond control, shuffled"
    ]
    assert "control" not in [part.name for part in unshown.further]
    assert "The control tells whether the source itself makes the difference." in shown.markdown()
    assert "control" not in unshown.markdown().lower()


def test_a_control_may_have_several_sources_wrong_and_one_of_nothing_that_is_compared_is_named():
    both = replace(TEXT, variant="both")
    wrong, other = replace(both, variant="wrong"), replace(SHUFFLED, fusion="gated")
    runs = {replace(one, seed=s): counts(0.6, s) for one in (TEXT, both, wrong, other) for s in (1, 2)}
    baselines = {both.combination: {"caption+ocr": TEXT.combination}}
    held = {both.combination: {"caption+ocr.blank": wrong.combination}}
    comparisons, _ = compare_with_baselines(runs, baselines, POOLS, MARGIN, TRIALS, controls=held)
    assert [*comparisons[0].controls] == ["blank"]
    wrong_in_training = {"config": {"train_with": ["image.shuffled"]}}
    records = {
        replace(run, seed=1): TrainingRecord(**record_of(run, **values))
        for run, values in (
            (both, {}),
            (TEXT, {"hardware": VALUES["hardware"] | {"gpu": "H200"}}),
            (wrong, wrong_in_training | {"versions": {"torch": "2.0"}}),
            (other, wrong_in_training | {"code": {"commit": "other"}}),
        )
    }
    assert unlike_baselines(comparisons, records) == [["device", "versions"]]
    stray = stray_controls(comparisons, records)
    assert stray == [other.combination]
    said = "Controls of runs that are not compared: `demo/none/bilstm+cnn/gated+image_shuffled`."
    assert said in help_table([*map(help_record, comparisons)], [], MARGIN, stray).markdown()


def test_a_row_has_every_number_of_its_comparison():
    control = Control(SHUFFLED.combination, 2, 0.69, Estimate(0.04, 0.01, 1e6))
    one = replace(comparison(0.03, 0.02, -0.01, reach=0.0196), controls={"blank": control}, changed=0.25)
    record = help_record(one)
    numbers = {"baseline_score": 0.7, "fusion_score": 0.73, "p_trained": 0.5, "changed": 0.25}
    numbers |= {"difference": 0.03, "low": 0.0104, "high": 0.0496, "p": erfc(3 / sqrt(2))}
    numbers |= {"p_corrected": erfc(3 / sqrt(2)), "detectable": (1.95996 + 0.84162) * 0.01}
    numbers |= {"drop_shuffled": 0.02, "drop_shuffled_low": 0.0004, "drop_shuffled_high": 0.0396}
    numbers |= {"drop_blank": -0.01, "drop_blank_low": -0.0296, "drop_blank_high": 0.0096}
    numbers |= {"smallest_margin": 0.02 + 0.01645, "margin": MARGIN, "seeds": 3, "baseline_seeds": 3}
    numbers |= {"beyond_control_blank": 0.04, "beyond_control_blank_p": erfc(4 / sqrt(2))}
    numbers |= {"beyond_control_blank_low": 0.0204, "beyond_control_blank_high": 0.0596}
    numbers |= {"control_blank_seeds": 2, "control_blank_score": 0.69}
    assert {name: record[name] for name in numbers} == pytest.approx(numbers, abs=1e-5)
    assert (record["sure"], record["verdict"], record["close"]) == (True, "gains", True)
    table = help_table([record], [], MARGIN).markdown()
    for cell in ("**+3.00** | +1.04 to +4.96 | 0.003", "+2.00 (+0.04 to +3.96) | −1.00 (−2.96 to +0.96)"):
        assert cell in " ".join(table.split())


def scored(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Rows of ``scores.csv`` for runs, in which all scores are alike."""
    same = dict.fromkeys(REPORTED, 0.5) | {"split": "test", "condition": "true", "sentences": 300}
    return [asdict(run) | same for run in runs]


def test_power_says_which_gain_seeds_and_posts_would_show(tmp_path, capsys):
    runs = {replace(TEXT, seed=s): counts(0.6, s) for s in (1, 2, 3)}
    runs |= {replace(LINEAR, seed=s): counts(0.7, s + 10, 0.5) for s in (1, 2, 3)}
    with pytest.raises(UserError, match=r"does_it_help\.csv"):
        power_text(tmp_path, 0.05)
    compared, _ = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    TABLE.write([tmp_path / "tables/does_it_help.csv"], [*map(help_record, compared)])
    (tmp_path / "config.yaml").write_text("variants: {tenth: {train_fraction: 0.1}}\n")
    points = {replace(TEXT, variant="tenth", seed=s): counts(0.2 * s, s) for s in (1, 2, 3)}
    summary.GRID.write([tmp_path / "tables/grid.csv"], summarize(scored(runs)))
    file = tmp_path / "scores/demo/none/bilstm/counts.npz"
    write_counts(file, runs | points)
    # Left of an earlier grid: seeds that differ more, on other posts.
    earlier = {
        replace(TEXT, text_encoder="minilm", seed=s): count(
            {"true": predictions(0.2 * s, s, sentences=300)}, TAGS
        )
        for s in (1, 2, 3)
    }
    write_counts(tmp_path / "scores/demo/none/minilm/counts.npz", earlier)
    assert main(["power", str(tmp_path), "--gain", "5"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"20 seeds +5 points\n", said)
    lines = [line.split() for line in said.splitlines() if line.startswith("demo")]
    assert [line[1] for line in lines] == ["400", "800", "1,600"]
    gains = np.array([line[2:7] for line in lines], float)
    assert (np.diff(gains, axis=0) < 0).all() and (np.diff(gains, axis=1) < 0).all()
    assert gains[0, 1] == pytest.approx(100 * compared[0].difference.detectable, rel=0.1)
    assert [int(line[7]) for line in lines] == sorted((int(line[7]) for line in lines), reverse=True)
    write_counts(file, {replace(TEXT, seed=1): runs[replace(TEXT, seed=1)]})
    assert f"scores: {LINEAR.combination.folder}." in " ".join(power_text(tmp_path, 0.05).split())


def test_p_values_are_corrected_over_the_runs_with_two_seeds():
    runs = {replace(TEXT, seed=seed): counts(0.6, seed) for seed in (1, 2, 3)}
    fusions = {
        replace(LINEAR, fusion=name, seed=seed): counts(0.65, 10 * index + seed, 0.5)
        for index, name in enumerate("abcde", 1)
        for seed in ((1,) if name == "e" else (1, 2))
    }
    baselines = {run.combination: {"image": TEXT.combination} for run in fusions}
    found, _ = compare_with_baselines(runs | fusions, baselines, POOLS, MARGIN, TRIALS)
    p_values = [one.difference.p for one in found]
    assert [one.p_corrected for one in found] == [*holm(p_values[:4]), None]
    assert {(one.verdict, one.baseline_seeds) for one in found[4:]} == {("one seed", 3)}
    assert found[4].difference.known  # its variance is that of the others
    one = {run: found for run, found in runs.items() if run.seed == 1}
    found, _ = compare_with_baselines(one | fusions, baselines, POOLS, MARGIN, TRIALS)
    assert {(one.verdict, one.p_corrected) for one in found} == {("one seed", None)}, "of the baseline"


def test_a_single_seed_of_all_has_a_difference_and_no_interval():
    runs = {TEXT: counts(0.6, 1), LINEAR: counts(0.9, 2, 0.5)}
    [one], _ = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    record = help_record(one)
    assert (record["difference"], record["verdict"]) == (pytest.approx(0.3, abs=0.05), "one seed")
    empty = ("low", "high", "p", "p_corrected", "detectable", "drop_blank_low", "smallest_margin")
    assert {record[name] for name in empty} == {None}
    assert "one seed" in help_table([record], [], MARGIN).markdown()


def test_runs_that_find_nothing_do_not_widen_the_intervals_of_others():
    runs = {replace(TEXT, seed=s): counts(0.6, s) for s in (1, 2)}
    runs |= {replace(LINEAR, seed=s): counts(0.7, s + 5, 0.5) for s in (1, 2)}
    [alone], _ = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    nothing = [replace(p, predicted=["O", "O"]) for p in predictions(0.6, 1)]
    runs |= {replace(LINEAR, fusion="gated", seed=s): count({"true": nothing}, TAGS) for s in (1, 2)}
    [together], _ = compare_with_baselines(runs, BASELINES, POOLS, MARGIN, TRIALS)
    assert together.difference == alone.difference


def test_runs_on_other_posts_are_not_compared():
    other = count({"true": predictions(0.6, 1, sentences=399)}, TAGS)
    with pytest.raises(UserError, match="other posts or labels"):
        compare_with_baselines({TEXT: counts(0.6, 1), CAPTION: other}, BASELINES, POOLS, MARGIN, TRIALS)


def test_counts_survive_the_file_and_tell_what_changed(tmp_path):
    true = predictions(1, 1, sentences=3)
    blank = [true[0], replace(true[1], predicted=["O", "O"]), true[2]]
    runs = {LINEAR: count({"true": true, "image.blank": blank}, TAGS), TEXT: count({"true": true}, TAGS)}
    write_counts(tmp_path / "counts.npz", runs)
    read_again = read_counts([tmp_path / "counts.npz"])
    assert list(read_again) == [LINEAR, TEXT]
    read = read_again[LINEAR]
    assert read.types == ("PER", "LOC")
    assert read.plain.sum(axis=(0, 1)).tolist() == [3, 3, 3]
    assert read.entities["image.blank"].sum(axis=(0, 1)).tolist() == [2, 2, 3]
    assert read.changed["image.blank"].tolist() == [False, True, False]
    write_counts(tmp_path / "again.npz", read_again)
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "counts.npz").read_bytes()
    (tmp_path / "broken.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"broken\.npz: no counts of runs"):
        read_counts([tmp_path / "broken.npz"])


def test_how_much_image_names_let_in(tmp_path):
    gated = [
        Prediction("1", ["a", "b"], ["B-PER", "I-PER"], ["O", "O"], [1, 1], [0.2, 0.4]),
        Prediction("2", ["c", "d"], ["B-PER", "O"], ["O", "O"], [1, 1], [0.9, 0.1]),
        Prediction("3", ["e", "f"], ["B-PER", "O"], ["O", "O"], [1, 1], [None, 0.1]),  # a filter hid its name
        Prediction("4", ["g"], ["B-PER"], ["O"], [1]),  # and here every word
    ]
    run = replace(LINEAR, fusion="gated")
    write_counts(tmp_path / "counts.npz", {run: count({"true": gated}, TAGS), TEXT: counts(0.5, 1)})
    read = read_counts([tmp_path / "counts.npz"])
    np.testing.assert_allclose(read[run].image_weight, [0.5, np.nan])
    rows = type_rows({run: read[run]}, {}, POOLS)
    assert [row["image_weight"] for row in rows] == [pytest.approx(0.5), None]
    assert {row["image_weight"] for row in type_rows({TEXT: read[TEXT]}, {}, POOLS)} == {None}


def test_the_best_of_a_type_is_bold_only_where_the_next_is_significantly_worse():
    def run(per: float, loc: float, seed: int) -> Counts:
        rng = np.random.default_rng(seed)
        gold = np.tile([1, 1], (300, 1))
        hits = rng.random((300, 2)) < [per, loc]
        return Counts(("PER", "LOC"), "", {"true": np.stack([hits, gold, gold], axis=-1).astype(int)}, {})

    runs = {replace(TEXT, seed=seed): run(0.5, 0.8, seed) for seed in (1, 2)}
    runs |= {replace(CAPTION, seed=seed): run(0.9, 0.8, seed + 5) for seed in (1, 2)}
    rows = type_rows(dict(reversed(runs.items())), {"demo": {"LOC": "place"}}, POOLS)
    assert [(row["variant"], row["type"]) for row in rows if row["best"]] == [("caption", "PER")]
    assert rows[2]["support"] == 300
    assert rows[2]["precision"] == rows[2]["recall"] == rows[2]["f1_mean"] == pytest.approx(0.9, abs=0.04)
    (table,) = type_tables(rows)
    assert "| place (300)" in table.markdown()
    assert [cells[:2] for cells in table.rows] == [["bilstm", "text_only"], ["bilstm", "text_only+caption"]]
    assert table.markdown().count("**") == 2
    assert latex(table, "tab:types").count(r"\textbf{") == 1
    few = {run: replace(each, entities={"true": each.plain[:99]}) for run, each in runs.items()}
    assert not any(row["best"] for row in type_rows(few, {}, POOLS)), "99 entities are too few"


def test_intervals_of_scores_are_those_of_a_share_and_wider_over_seeds_that_differ():
    def run(share: float) -> Counts:
        hits = np.arange(400)[:, None] < 400 * share
        gold = np.ones((400, 1))
        return Counts(("PER",), "", {"true": np.stack([hits, gold, gold], axis=-1).astype(int)}, {})

    alike = {replace(TEXT, seed=seed): run(0.8) for seed in (1, 2)}
    low, high = score_intervals(alike, POOLS)[TEXT.combination]
    reach = 1.96 * (0.8 * 0.2 / 400) ** 0.5
    assert (low, high) == pytest.approx((0.8 - reach, 0.8 + reach), abs=0.001)
    wider = score_intervals(alike | {LINEAR: run(0.75), replace(LINEAR, seed=2): run(0.85)}, POOLS)
    assert wider[TEXT.combination][0] < low and high < wider[TEXT.combination][1]
    assert score_intervals({TEXT: run(0.8)}, POOLS) == {}, "one seed tells nothing of others"
    together = score_intervals(alike | {LINEAR: run(0.0025), replace(CAPTION, seed=3): run(0.0)}, POOLS)
    assert together[LINEAR.combination][0] == 0 and CAPTION.combination not in together


@pytest.mark.parametrize(("better", "bold"), [(0.9, {"linear"}), (0.71, set())])
def test_the_best_of_the_grid_is_bold_only_where_the_next_is_significantly_worse(
    better: float, bold: set[str]
):
    def run(share: float, seed: int) -> Counts:
        hits = np.random.default_rng(seed).random((300, 1)) < share
        gold = np.ones((300, 1))
        return Counts(("PER",), "", {"true": np.stack([hits, gold, gold], axis=-1).astype(int)}, {})

    shares = {CAPTION: 0.3, TEXT: 0.7, LINEAR: better, replace(TEXT, dataset="other"): 0.5}
    counts = {replace(r, seed=k): run(share, k) for r, share in shares.items() for k in (1, 2)}
    scores = scored(counts)
    rows = summarize(scores, best=best_combinations(counts, POOLS))
    assert {row["fusion"] for row in rows if row["best"]} == bold
    assert grid_table(rows).markdown().count("**50.00**") == len(bold)
    one_seed = {run: found for run, found in counts.items() if run.seed == 1 or run.fusion != "linear"}
    assert best_combinations(one_seed, POOLS) == set()
    other = [score | {"token_macro_f1": 0.6} if score["fusion"] == "text_only" else score for score in scores]
    assert not any(row["best"] for row in summarize(other, best=best_combinations(counts, POOLS)))


def test_a_comparison_looks_at_its_own_runs_alone(monkeypatch: pytest.MonkeyPatch):
    looked, found = [], Run.combination
    monkeypatch.setattr(Run, "combination", property(lambda run: looked.append(run) or found.fget(run)))
    few = count({"true": predictions(0.8, 1, sentences=20)}, TAGS)

    def looks(models: int) -> int:
        fusions = [replace(LINEAR, image_encoder=f"cnn{number}") for number in range(models)]
        runs = {replace(run, seed=seed): few for run in (TEXT, *fusions) for seed in (1, 2)}
        baselines = {run.combination: {"image": TEXT.combination} for run in fusions}
        looked.clear()
        comparisons, _ = compare_with_baselines(runs, baselines, POOLS, MARGIN, trials=0)
        assert [one.p_trained for one in comparisons] == [None] * models
        return len(looked)

    assert looks(16) <= 2 * looks(8)
