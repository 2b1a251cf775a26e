"""The report: what it says, and that a post can put nothing into it but text."""

from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from mnerflow.data.post import Post, write_posts
from mnerflow.evaluation.predictions import TESTED, Prediction, write_predictions
from mnerflow.plan.names import Run
from mnerflow.reporting import does_it_help, errors, summary
from mnerflow.reporting.report import Sources, write_report
from mnerflow.reporting.report.answer import answers, headline
from mnerflow.reporting.report.gallery import POSTS, gallery, sample
from mnerflow.reporting.report.tables import TABLES, report_tables

COMBINATION = {
    "dataset": "demo",
    "filter": "none",
    "text_encoder": "bilstm",
    "image_encoder": "cnn",
    "fusion": "linear",
    "variant": "base",
    "seeds": 2,
    "baseline_seeds": 2,
    "margin": 0.005,
    "close": False,
}
GAINS = dict.fromkeys(does_it_help.TABLE.names) | {
    **COMBINATION,
    "source": "image",
    "baseline": "demo/none/bilstm+none/text_only",
    "baseline_score": 0.65,
    "fusion_score": 0.85,
    "difference": 0.2,
    "low": 0.15,
    "high": 0.25,
    "p_corrected": 0.0004,
    "sure": True,
    "drop_shuffled": 0.25,
    "drop_shuffled_low": 0.2,
    "drop_shuffled_high": 0.3,
    "verdict": "gains",
}
IGNORES = GAINS | {"fusion": "gated", "difference": 0, "low": -0.01, "high": 0.01, "verdict": "ignores"}
IGNORES |= {"sure": False}
SENTENCES = [{"dataset": "demo", "sentences": 600}, {"dataset": "tweets", "sentences": 10}]
TEXT_ONLY = Run("demo", "none", "bilstm", "none", "text_only", 1)
LINEAR = Run("demo", "none", "bilstm", "cnn", "linear", 1)
BASELINES = {LINEAR.combination: {"image": TEXT_ONLY.combination}}
ATTACK = "</script><script>alert(1)</script>"

needs_itables = pytest.mark.skipif(find_spec("itables") is None, reason="itables is not installed")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_answer_is_put_into_words() -> None:
    [demo] = answers([IGNORES, GAINS], SENTENCES)
    assert (demo.dataset, demo.word, demo.note) == ("demo", "Partly", "")
    assert (
        demo.summary == "Of 2 fusions, 1 uses the image and gains and 1 scores the same whatever the image."
    )
    first = demo.claims[0]
    assert demo.best == first
    assert (first.model, first.says[0]) == ("bilstm+cnn linear", "uses the image and gains")
    assert (first.fusion_score, first.folder) == ("85.00", "runs/demo/none/bilstm+cnn/linear/")
    assert (first.baseline_score, first.baseline) == ("65.00", "runs/demo/none/bilstm+none/text_only/")
    assert plain(first.evidence) == (
        "over 2 seeds: +20.00 points (+15.00 to +25.00; corrected p < 0.001). "
        "With the image of another post the same weights lose 25.00 points (+20.00 to +30.00)."
    )


def test_all_fusions_of_one_verdict_are_summed_up_as_all() -> None:
    [demo] = answers([IGNORES, IGNORES | {"fusion": "linear"}], SENTENCES)
    assert (demo.word, demo.summary, demo.best) == (
        "No",
        "Both fusions score the same whatever the image.",
        None,
    )


def test_a_caption_is_not_called_an_image_and_may_lack_wrong_ones() -> None:
    caption = GAINS | {"source": "caption", "variant": "caption", "drop_shuffled": None}
    [claim] = answers([caption], SENTENCES)[0].claims
    assert claim.says[0] == "gains by the caption"
    assert "of another post" not in claim.evidence
    [demo] = answers([caption, caption, IGNORES], SENTENCES)
    assert demo.summary == "Of 3 fusions, 2 gain by the caption and 1 scores the same whatever the image."


def test_one_seed_has_no_verdict_and_may_have_no_interval() -> None:
    none = dict.fromkeys(["low", "high", "p_corrected", "drop_shuffled_low", "drop_shuffled_high"])
    one = GAINS | none | {"seeds": 1, "baseline_seeds": 3, "verdict": "one seed", "close": True}
    [answer] = answers([one], SENTENCES)
    assert (answer.word, answer.reach) == ("Too few seeds to tell", 20)
    assert answer.claims[0].evidence == (
        "over 1 seed against 3: +20.00 points. With the image of another post the same weights lose 25.00 "
        "points. A bound lies within 0.05 points of another verdict."
    )


def test_a_gain_with_shuffled_images_has_the_interval_of_a_gain() -> None:
    drop = {"drop_shuffled": -0.0081, "drop_shuffled_low": -0.0267, "drop_shuffled_high": 0.009}
    [claim] = answers([IGNORES | drop], SENTENCES)[0].claims
    assert "the same weights gain 0.81 points (−0.90 to +2.67)" in plain(claim.evidence)


@pytest.mark.parametrize(
    ("verdicts", "word", "share"),
    [
        ("gains gains", "Yes", "a gain in 2 of 2 comparisons."),
        ("gains", "Yes", "a gain in 1 of 1 comparison."),
        ("gains ignores unclear", "Partly", "a gain in 1 of 3 comparisons."),
        ("gains loses ignores", "Mixed", "a gain in 1 of 3 comparisons, a loss in 1."),
        ("ignores unclear", "Unclear", "a gain in 0 of 2 comparisons."),
        ("loses ignores", "No", "a gain in 0 of 2 comparisons, a loss in 1."),
        ("ignores", "No", "a gain in 0 of 1 comparison."),
        ("gains relies", "Partly", "a gain in 1 of 2 comparisons."),
        ("gains one_seed", "Yes", "a gain in 1 of 1 comparison."),
    ],
)
def test_the_headline_says_which_share_gains(verdicts: str, word: str, share: str) -> None:
    rows = [GAINS | {"verdict": verdict.replace("_", " ")} for verdict in verdicts.split()]
    assert headline(answers(rows, SENTENCES)) == [(word, f"on demo: {share}")]


def test_the_headline_tells_data_sets_apart_and_gives_a_small_one_no_yes() -> None:
    sentences = [*SENTENCES, {"dataset": "control", "sentences": 600}]
    rows = [GAINS, GAINS | {"dataset": "tweets"}, IGNORES | {"dataset": "control"}]
    found = answers(rows, sentences)
    assert headline(found) == [
        ("Yes", "on demo: a gain in 1 of 1 comparison."),
        ("No", "on control: a gain in 0 of 1 comparison."),
        ("Too few sentences to tell", "on tweets."),
    ]
    assert found[2].note == "tweets has only 10 test sentences: too few to compare models on."
    assert headline([])[0][0] == "Nothing to compare:"


def test_a_sample_has_a_third_of_each_where_there_are_enough_and_is_the_same_twice() -> None:
    balance = [1] * 20 + [-1] * 20 + [0] * 20
    chosen = sample(balance, 9, Random(0))
    assert sorted(balance[index] for index in chosen) == [-1, -1, -1, 0, 0, 0, 1, 1, 1]
    assert chosen == sample(balance, 9, Random(0))
    assert sorted(sample([0, 0, 1], 9, Random(0))) == [0, 1, 2]
    assert sample([0, 1, -3], 3, Random(0)) == [2, 1, 0]


def test_a_gallery_tells_who_read_a_post_better(tmp_path: Path) -> None:
    [group] = gallery(*files(tmp_path, 1))
    assert [(model["name"], model["baseline"]) for model in group["models"]] == [
        ("bilstm+cnn linear", 1),
        ("bilstm text_only", None),
    ]
    [post] = group["posts"]
    assert post["gold"] == [("PER", 0, 1)]
    assert post["image"].startswith("data:image/webp;base64,")
    assert post["read"] == [
        {"entities": [("PER", 0, 1)], "score": 1, "errors": []},
        {"entities": [("place", 0, 1)], "score": -1, "errors": ["wrong_type"]},
    ]


def test_cells_sort_by_number_and_lead_to_their_runs(tmp_path: Path) -> None:
    write_tables(tmp_path)
    table, *_ = report_tables(tmp_path)
    row = dict(zip((head.title for head in table.heads), table.rows[0], strict=True))
    assert (row["difference"].text, row["difference"].order) == ("+20.00", "0.2")
    assert (row["model"].text, row["model"].href) == (
        "bilstm+cnn linear",
        "runs/demo/none/bilstm%2Bcnn/linear/",
    )
    assert (row["drop, blank"].text, row["drop, blank"].order) == ("–", "")
    assert [cells[4].bold for cells in table.rows] == [True, False]  # the gain is sure, no difference is not


@needs_itables
def test_text_of_a_post_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    text = report(tmp_path)
    assert "alert(1)" in text
    assert "<script>alert" not in text and "</script><script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text  # in the table and in the data report


@needs_itables
def test_the_page_needs_no_network_is_the_same_twice_and_stays_small(tmp_path: Path) -> None:
    text = report(tmp_path, POSTS + 100)
    for attribute in ('src="http', 'href="http', "url(http", "@import"):
        assert attribute not in text
    assert text == report(tmp_path, POSTS + 100)
    assert f"{POSTS} test posts" in text
    assert text.count('alt="Lengths"') == text.count("data:image/webp;base64,") - POSTS == 1
    assert len(text.encode()) < 3_000_000


def files(folder: Path, posts: int) -> tuple[dict, dict, dict, dict, dict]:
    """The five arguments of ``gallery`` for posts of which the fusion reads each better than its baseline."""
    tokens, labels = ["Ada", ATTACK], ["B-PER", "O"]
    names = [f"test-{index}" for index in range(posts)]
    (folder / "images").mkdir(exist_ok=True)
    Image.new("RGB", (40, 30), "red").save(folder / "images" / "a.png")
    write_posts(folder / "test.jsonl", [Post(name, tokens, labels, ["a.png"]) for name in names])
    predictions = {TEXT_ONLY: folder / "text_only.jsonl", LINEAR: folder / "linear.jsonl"}
    for run, tag in ((TEXT_ONLY, "B-LOC"), (LINEAR, "B-PER")):
        read = [Prediction(name, tokens, labels, [tag, "O"], [1, 1]) for name in names]
        write_predictions(predictions[run], {TESTED: read})
    posts_of = {("demo", "none"): folder / "test.jsonl"}
    return posts_of, predictions, {"demo": folder / "images"}, BASELINES, {"demo": {"LOC": "place"}}


def write_tables(folder: Path) -> None:
    """Every table that the report reads, most without rows."""
    grid = dict.fromkeys(summary.GRID.names) | COMBINATION | {"sentences": 600, "entity_f1_mean": 0.85}
    error = (
        COMBINATION | dict.fromkeys(("gold", "correct", *errors.KINDS), 1) | {"by": "type", "group": ATTACK}
    )
    given = {
        "tables/does_it_help.csv": [GAINS, IGNORES],
        "tables/grid.csv": [grid],
        "tables/errors.csv": [error],
    }
    (folder / "tables").mkdir(exist_ok=True)
    for file, table in TABLES.items():
        table.write([folder / file], given.get(file, []))


def report(folder: Path, posts: int = 3) -> str:
    """The report on ``posts`` posts, written to ``folder``; the browser's tests open it."""
    write_tables(folder)
    Image.new("RGB", (40, 30), "blue").save(folder / "demo.lengths.png")
    (folder / "demo.md").write_text(f"# demo\n\n{ATTACK}\n\n![Lengths](demo.lengths.png)\n", encoding="utf-8")
    (folder / "forest.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="90"/>', encoding="utf-8"
    )
    plots, data = [folder / "forest.svg"], [folder / "demo.md"]
    write_report(folder / "report.html", Sources(plots, data, *files(folder, posts)))
    return (folder / "report.html").read_text(encoding="utf-8")
