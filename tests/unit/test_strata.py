"""Comparisons within strata of a test split, on predictions that were worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mnerflow.data.post import Post
from mnerflow.data.tags import tag_list
from mnerflow.errors import UserError
from mnerflow.evaluation import strata
from mnerflow.evaluation.background import background_of
from mnerflow.evaluation.counts import Counts, count, read_counts, write_counts
from mnerflow.evaluation.predictions import Prediction
from mnerflow.evaluation.strata import compare_in_strata, divisions, named_share
from mnerflow.plan.names import Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting.plots.strata import draw_strata
from mnerflow.reporting.strata import TABLE, stratum_rows, stratum_tables

TYPES = ["PER", "LOC", "ORG"]
TEXT = Run("demo", "none", "bilstm", "none", "text_only", 1)
LINEAR = replace(TEXT, image_encoder="cnn", fusion="linear")
BASELINES = {LINEAR.combination: {"image": TEXT.combination}}
TRAIN = [Post("t", ["PARIS", "Hilton"], ["B-LOC", "I-LOC"]), Post("u", ["Ann"], ["B-PER"])]
TEST = [
    Post("1", ["Ann", "in", "Oslo"], ["B-PER", "O", "B-LOC"], ["1.jpg"], {"caption": "oslo, at night"}),
    Post("2", ["paris", "hilton", "!"], ["B-PER", "I-PER", "O"], ["broken.jpg"], {"caption": "hilton paris"}),
    Post("3", ["hm"], ["O"], ["1.jpg"]),
]
BACKGROUND = background_of(TRAIN, TEST, {"1.jpg"})
# Ann is right, Oslo of the wrong type; of Paris Hilton half is found; and "hm" is none.
FOUND = [["B-PER", "O", "B-PER"], ["B-PER", "O", "O"], ["B-LOC"]]


def counts(found: list[list[str]], wrong: list[list[str]] | None = None, times: int = 1) -> Counts:
    """Of predictions of ``TEST``, so many times over."""
    conditions = {"true": found} | ({} if wrong is None else {"image.shuffled": wrong, "image.blank": wrong})
    posts = [
        replace(post, id=f"{post.id}.{time}" if time else post.id) for time in range(times) for post in TEST
    ]
    predictions = {
        name: [
            Prediction(post.id, post.tokens, post.labels, tags, [1] * len(tags))
            for post, tags in zip(posts, predicted * times, strict=True)
        ]
        for name, predicted in conditions.items()
    }
    return count(predictions, tag_list(TYPES))


def test_strata_hold_what_was_worked_out_and_add_up_to_the_whole():
    whole = counts(FOUND)
    divided = {division.kind: division for division in divisions(BACKGROUND, whole.types)}
    sizes = {kind: [(s.name, s.posts, s.gold) for s in each.strata(whole)] for kind, each in divided.items()}
    assert sizes == {
        "type": [("PER", 2, 2), ("LOC", 1, 1), ("ORG", 0, 0)],
        "in training": [("seen", 2, 2), ("unseen", 1, 1)],  # whatever its type and case there
        "image": [("usable", 2, 2), ("none", 1, 1)],  # a broken one is none
        "named in caption": [("some", 1, 2), ("none", 2, 1)],  # Hilton, Paris is not Paris Hilton
    }
    tallies = {kind: each.counts(whole)["true"] for kind, each in divided.items()}
    # right, predicted and gold entities:
    assert tallies["type"].sum(axis=0).tolist() == [[1, 3, 2], [0, 1, 1], [0, 0, 0]]
    # "paris" alone, without "hilton", was never an entity in training, nor was "hm".
    assert tallies["in training"].sum(axis=0).tolist() == [[1, 1, 2], [0, 3, 1]]
    assert tallies["image"].sum(axis=0).tolist() == [[1, 3, 2], [0, 1, 1]]
    assert tallies["named in caption"].sum(axis=0).tolist() == [[1, 2, 2], [0, 2, 1]]
    np.testing.assert_array_equal(tallies["type"], whole.plain)
    for tally in tallies.values():
        np.testing.assert_array_equal(tally.sum(axis=1), whole.plain.sum(axis=1))
    for kind in ("image", "named in caption"):
        assert (tallies[kind].any(axis=-1).sum(axis=1) <= 1).all(), "a post stands in one stratum"


@pytest.mark.parametrize(
    ("caption", "share"),
    [
        ("Ann, in OSLO", 1),
        ("a man from oslo.", 0.5),
        ("anna in osloe", 0),  # whole words
        ("", 0),
    ],
)
def test_how_much_a_context_says_about_a_post(caption, share):
    assert named_share(replace(TEST[0], contexts={"caption": caption}), "caption") == share
    assert named_share(replace(TEST[2], contexts={"caption": "hm"}), "caption") == 0  # no entity


@pytest.mark.parametrize(
    ("words", "caption", "share"),
    [
        (["北", "京"], "一张北京的照片", 1),
        (["北京"], "一张北京的照片", 1),
        (["北京"], "东京", 0),
        (["กรุงเทพ"], "ภาพของกรุงเทพ", 1),
        (["Obama北京"], "Obama 北京", 1),
        (["Caf\u00e9"], "Cafe\u0301 by night", 1),
        (["Cafe"], "Cafe\u0301 by night", 0),
        (["नई", "दिल्ली"], "नई दिल्ली में", 1),
        (["दिल"], "दिल्ली", 0),
        (["_Obama_"], "Obama smiles", 1),
        (["❤\ufe0f", "Obama"], "Obama smiles", 1),
        (["ＩＢＭ"], "at IBM", 1),
    ],
)
def test_a_context_names_an_entity_in_any_script_and_form(words, caption, share):
    post = Post("1", words, ["B-LOC", *["I-LOC"] * (len(words) - 1)], [], {"caption": caption})
    assert named_share(post, "caption") == share


def test_entities_are_read_as_they_were_written(tmp_path):
    written = counts(FOUND, FOUND)
    write_counts(tmp_path / "counts.npz", {TEXT: written})
    read = read_counts([tmp_path / "counts.npz"])[TEXT]
    assert read.gold.tolist() == written.gold.tolist() == [[0, 0, 0, 1], [0, 1, 2, 3], [1, 0, 0, 2]]
    assert read.predicted["image.blank"].tolist() == written.predicted["true"].tolist()


@pytest.fixture
def compared(monkeypatch) -> list[dict]:
    """Rows of a fusion that finds unseen entities by their image; the post without one is too small."""
    monkeypatch.setattr(strata, "LEAST", 40)
    gold = [post.labels for post in TEST]
    seen = [["B-PER", "O", "O"], ["O", "O", "O"], ["O"]]
    runs = {replace(TEXT, seed=seed): counts(seen, times=30) for seed in (1, 2)}
    runs |= {replace(LINEAR, seed=seed): counts(gold, seen, times=30) for seed in (1, 2)}
    posts = [
        replace(post, id=f"{post.id}.{time}" if time else post.id) for time in range(30) for post in TEST
    ]
    background = background_of(TRAIN, posts, {"1.jpg"})
    found = compare_in_strata(runs, {("demo", "none"): background}, BASELINES, SeedPools(), 0.005)
    return stratum_rows(found, {"demo": {"LOC": "place"}})


def test_rows_tell_where_the_image_helps(compared, tmp_path):
    assert [(row["kind"], row["stratum"], row["posts"], row["gold"], row["verdict"]) for row in compared] == [
        ("type", "PER", 60, 60, "gains"),
        ("type", "place", 30, 30, "too small"),
        ("in training", "seen", 60, 60, "gains"),
        ("in training", "unseen", 30, 30, "too small"),
        ("image", "usable", 60, 60, "gains"),
        ("image", "none", 30, 30, "too small"),
        ("named in caption", "some", 30, 60, "gains"),
        ("named in caption", "none", 60, 30, "too small"),
    ]
    usable = compared[4]
    assert (usable["baseline_score"], usable["fusion_score"]) == pytest.approx((2 / 3, 1))
    assert usable["difference"] == usable["drop_shuffled"] == pytest.approx(1 / 3)
    assert (usable["drop_blank"], usable["close"]) == (pytest.approx(1 / 3), False)
    assert compared[5]["difference"] is compared[5]["p_corrected"] is compared[5]["close"] is None
    compared[0]["close"] = True
    paths = [tmp_path / f"strata.{ending}" for ending in ("csv", "md", "tex")]
    [table] = stratum_tables([*compared, compared[0] | {"seeds": 1}])
    assert len(table.rows) == len(compared), "those of one seed are left to the CSV"
    TABLE.write(paths, compared, table)
    assert paths[1].read_text().count("| too small") == 4
    assert "1. a bound lies within 0.05 points of another verdict" in paths[1].read_text()
    assert TABLE.read(paths[0])[1]["stratum"] == "place"
    draw_strata(paths[0], tmp_path / "strata")
    TABLE.write(paths, [])
    draw_strata(paths[0], tmp_path / "nothing")
    assert len([*tmp_path.glob("*.svg")]) == 2


def test_p_is_corrected_over_all_strata_that_are_judged(monkeypatch):
    monkeypatch.setattr(strata, "LEAST", 1)
    better = [["B-PER", "O", "B-PER"], ["B-PER", "I-PER", "O"], ["B-LOC"]]
    runs = {replace(TEXT, seed=seed): counts(FOUND) for seed in (1, 2)}
    runs |= {replace(LINEAR, seed=1): counts(better), replace(LINEAR, seed=2): counts(FOUND)}
    found = compare_in_strata(runs, {("demo", "none"): BACKGROUND}, BASELINES, SeedPools(), 0.005)
    p_values = [comparison.difference.p for _, comparison in found]
    assert len(found) == 8  # no post has an ORG
    smallest = min(range(8), key=p_values.__getitem__)
    assert found[smallest][1].p_corrected == pytest.approx(min(1, 8 * p_values[smallest]))


@pytest.mark.parametrize("usable", [set(), None])
def test_a_kind_with_one_stratum_is_left_out_and_other_posts_are_refused(usable):
    runs = {TEXT: counts(FOUND), LINEAR: counts(FOUND)}
    without = background_of(TRAIN, TEST, usable)
    found = compare_in_strata(runs, {("demo", "none"): without}, BASELINES, SeedPools(), 0.005)
    assert {stratum.kind for stratum, _ in found} == {"type", "in training", "named in caption"}
    other = background_of(TRAIN, TEST[:2], set())
    with pytest.raises(UserError, match="seed1: its predictions are of other posts or labels"):
        compare_in_strata(runs, {("demo", "none"): other}, BASELINES, SeedPools(), 0.005)
