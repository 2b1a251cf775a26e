"""The report: what it says, and that a post can put nothing into it but text."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from mnerflow.data.post import Post, write_posts
from mnerflow.data.tags import tag_list
from mnerflow.evaluation.counts import count
from mnerflow.evaluation.predictions import Prediction
from mnerflow.plan.datasets import Kind
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.record import Code, Hardware, ImagesRead, TrainingRecord, Unread
from mnerflow.reporting import churn, does_it_help, errors, summary
from mnerflow.reporting.answer import Answer, Answers, answers
from mnerflow.reporting.reading import what_is_read
from mnerflow.reporting.report import Contents, write_report
from mnerflow.reporting.report.gallery import POSTS, gallery, sample
from mnerflow.reporting.report.made import made, method
from mnerflow.reporting.report.tables import TABLES, report_tables
from mnerflow.reporting.unread import unread_rows

COMBINATION = {
    "dataset": "scans",
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
    "baseline": "scans/none/bilstm+none/text_only",
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
KINDS = {
    "scans": Kind(pictures="scans"),
    "tweets": Kind(pictures="photographs"),
    "matched": Kind(control="matched"),
    "independent": Kind(control="independent"),
}
POOLS = SeedPools(shares={"tenth": 0.1, "half": 0.5})
SENTENCES = [{"dataset": name, "sentences": 10 if name == "tweets" else 600} for name in KINDS]
TEXT_ONLY = Run("scans", "none", "bilstm", "none", "text_only", 1)
LINEAR = Run("scans", "none", "bilstm", "cnn", "linear", 1)
BASELINES = {LINEAR.combination: {"image": TEXT_ONLY.combination}}
ATTACK = "</script><script>alert(1)</script>"

CHURN = dict.fromkeys(churn.TABLE.names) | COMBINATION | {"source": "image", "churn": 0.2, "churn_low": 0.2}
CHURN |= {"churn_high": 0.2, "baseline_churn": 0.3, "across": 0.26, "across_low": 0.2, "across_high": 0.3}
CHURN |= {"beyond_seeds": 0.01, "changed_shuffled": 0.04}

needs_itables = pytest.mark.skipif(find_spec("itables") is None, reason="itables is not installed")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def told(*rows: dict) -> Answers:
    return answers(rows, SENTENCES, KINDS, POOLS)


def on_scans(*rows: dict) -> Answer:
    [answer] = told(*rows).real
    return answer


def test_the_answer_is_put_into_words() -> None:
    said = "on scans: a gain by the image in 1 of 2 comparisons (+0.00 to +20.00 points)."
    assert told(IGNORES, GAINS).headline == [("Partly", said)]
    scans = on_scans(IGNORES, GAINS)
    assert (scans.dataset, scans.word, scans.note) == ("scans", "Partly", "")
    assert scans.sentences == [
        "Of 2 models, 1 uses the image and gains and 1 scores the same whatever the image.",
        "The largest gain is 20.0 points, by bilstm+cnn linear.",
    ]
    first = scans.claims[0]
    assert (first.model, first.says[0]) == ("bilstm+cnn linear", "uses the image and gains")
    assert (first.fusion_score, first.folder) == ("85.00", "runs/scans/none/bilstm+cnn/linear/")
    assert (first.baseline_score, first.baseline) == ("65.00", "runs/scans/none/bilstm+none/text_only/")
    assert plain(first.evidence) == (
        "over 2 seeds: +20.00 points (+15.00 to +25.00; corrected p < 0.001). "
        "With the image of another post these models lose 25.00 points (+20.00 to +30.00)."
    )


def test_a_data_set_of_several_models_is_told_once_what_they_gain_on_average() -> None:
    mean = {"dataset": "scans", "filter": "none", "source": "image", "models": 2, "one_seed": 1}
    mean |= {"difference": 0.1, "low": 0.05, "high": 0.15, "p": 0.01}
    one_seed = GAINS | {"fusion": "prefix", "seeds": 1, "verdict": "one seed"}
    caption = IGNORES | {"source": "caption"}
    alone = mean | {"source": "caption", "models": 1}
    found = answers([IGNORES, caption, one_seed], SENTENCES, KINDS, POOLS, [mean, alone])
    said = [line for answer in (*found.real, *found.one_seed) for line in answer.sentences]
    assert [line for line in said if "average" in line] == [
        "On average over 2 models, the image changes entity F1 by +10.00 points (95 % interval +5.00 to "
        "+15.00, p\u00a0=\u00a00.010); 1 of the models ran with one seed."
    ]


def test_lower_points_of_a_learning_curve_neither_answer_nor_fail_a_check() -> None:
    matched, tenth = GAINS | {"dataset": "matched"}, IGNORES | {"dataset": "matched", "variant": "tenth"}
    assert told(matched, tenth).checks == told(matched).checks
    tenth, half = (GAINS | {"variant": name} for name in ("tenth", "half"))
    assert [claim.model for claim in on_scans(tenth, half).claims] == ["bilstm+cnn linear half"]
    assert len(on_scans(IGNORES, GAINS | {"variant": "crf"}, tenth, half).claims) == 2


def test_a_claim_names_its_matched_control() -> None:
    beyond = {"beyond_control_shuffled": 0.2, "beyond_control_shuffled_low": 0.1}
    [claim] = on_scans(GAINS | beyond | {"beyond_control_shuffled_high": 0.3}).claims
    assert claim.evidence.endswith(
        "Beyond its matched control, trained with the image shuffled: +20.00 points (+10.00 to +30.00)."
    )


def test_all_models_of_one_verdict_are_summed_up_as_all() -> None:
    scans = on_scans(IGNORES, IGNORES | {"fusion": "linear"})
    assert (scans.word, scans.sentences) == ("No", ["Both models score the same whatever the image."])
    unclear = on_scans(*[IGNORES | {"verdict": "unclear"}] * 3)
    assert unclear.sentences == ["None of 3 models can be told apart from its baseline."]


@pytest.mark.parametrize(
    ("verdict", "difference", "sure", "says"),
    [
        ("ignores", -0.016, True, "is worse than its baseline, whatever the image"),
        ("ignores", -0.004, True, "is worse than its baseline, whatever the image"),
        ("ignores", -0.016, False, "may be worse than its baseline, whatever the image"),
        ("ignores", 0.006, False, "may be better than its baseline, but regardless of the image"),
        ("ignores", -0.004, False, "scores the same whatever the image"),
        ("unclear", 0.016, True, "is better, but not shown to be so because of the image"),
        ("unclear", 0.016, False, "cannot be told apart from its baseline"),
    ],
)
def test_a_loss_is_not_told_as_the_same(verdict: str, difference: float, sure: bool, says: str) -> None:
    [claim] = on_scans(IGNORES | {"verdict": verdict, "difference": difference, "sure": sure}).claims
    assert claim.says[0] == says


def test_a_caption_is_not_called_an_image_and_may_lack_wrong_ones() -> None:
    caption = GAINS | {"source": "caption", "variant": "caption", "drop_shuffled": None}
    [claim] = on_scans(caption).claims
    assert claim.says[0] == "gains by the caption"
    assert "of another post" not in claim.evidence
    beside_image = caption | {"baseline": "scans/none/bilstm+cnn/linear", "verdict": "unclear", "sure": False}
    assert on_scans(beside_image).sentences == [
        "bilstm+cnn linear caption cannot be told apart from its baseline."
    ]
    assert told(caption).headline == [
        ("Yes", "on scans: a gain by the caption in 1 of 1 comparison (+20.00 points).")
    ]


def test_each_source_has_an_answer_and_one_from_the_text_is_no_image() -> None:
    knowledge = GAINS | {"source": "knowledge", "variant": "knowledge"}
    kinds = {"scans": Kind(pictures="scans", contexts_from_text=("knowledge",))}
    found = answers([IGNORES, knowledge, knowledge], SENTENCES, kinds, POOLS)
    assert [(one.dataset, one.source, one.word) for one in found.real] == [
        ("scans", "image", "No"),
        ("scans", "knowledge", "Not by the image"),
    ]
    beware = "The author of the knowledge had also read the text, so a gain by it is not a gain by the image."
    assert [one.beware for one in found.real] == ["", beware]
    said = f"on scans: a gain by the knowledge in 2 of 2 comparisons (+20.00 points). {beware}"
    assert found.headline == [
        ("No", "on scans: a gain by the image in 0 of 1 comparison (+0.00 points)."),
        ("Not by the image", said),
    ]


def test_runs_of_one_seed_stand_apart_and_may_have_no_interval() -> None:
    none = dict.fromkeys(["low", "high", "p_corrected", "drop_shuffled_low", "drop_shuffled_high"])
    one = GAINS | none | {"seeds": 1, "baseline_seeds": 3, "verdict": "one seed", "close": True}
    found = told(one, IGNORES)
    [answer] = found.one_seed
    assert answer.sentences == ["1 comparison has one seed on a side, too few for a verdict: +20.00 points."]
    assert answer.claims[0].evidence == (
        "over 1 seed against 3: +20.00 points. With the image of another post these models lose 25.00 "
        "points. A bound lies within 0.05 points of another verdict."
    )
    assert [len(each.claims) for each in found.real] == [1]
    assert found.headline == [("No", "on scans: a gain by the image in 0 of 1 comparison (+0.00 points).")]
    assert found.reach(answer) == found.reach(found.real[0]) == 20  # points
    loss = told(GAINS | {"difference": -0.2, "low": -0.25, "high": -0.15, "verdict": "loses"})
    assert loss.reach(loss.real[0]) == 25
    with_control = told(IGNORES, GAINS | {"dataset": "matched"})
    assert [with_control.reach(each) for each in (*with_control.real, *with_control.controls)] == [1, 25]
    assert found.share_a_scale and not with_control.share_a_scale
    several = [one | {"dataset": name, "source": source} for name in ("scans", "tweets") for source in "ab"]
    assert told(*several).headline == [
        ("Too few seeds to tell", "on scans and tweets, of the a."),
        ("Too few seeds to tell", "on scans and tweets, of the b."),
    ]


def test_a_gain_with_shuffled_images_has_the_interval_of_a_gain() -> None:
    drop = {"drop_shuffled": -0.0081, "drop_shuffled_low": -0.0267, "drop_shuffled_high": 0.009}
    [claim] = on_scans(IGNORES | drop).claims
    assert "these models gain 0.81 points (−0.90 to +2.67)" in plain(claim.evidence)


@pytest.mark.parametrize(
    ("verdicts", "word", "share"),
    [
        ("gains gains", "Yes", "2 of 2 comparisons"),
        ("gains", "Yes", "1 of 1 comparison"),
        ("gains ignores unclear", "Partly", "1 of 3 comparisons"),
        ("gains loses ignores", "Mixed", "1 of 3 comparisons, a loss in 1"),
        ("ignores unclear", "Unclear", "0 of 2 comparisons"),
        ("loses ignores", "No", "0 of 2 comparisons, a loss in 1"),
        ("ignores", "No", "0 of 1 comparison"),
        ("gains relies", "Partly", "1 of 2 comparisons"),
        ("gains one_seed", "Yes", "1 of 1 comparison"),
    ],
)
def test_the_headline_says_which_share_gains(verdicts: str, word: str, share: str) -> None:
    rows = [GAINS | {"verdict": verdict.replace("_", " ")} for verdict in verdicts.split()]
    assert told(*rows).headline == [(word, f"on scans: a gain by the image in {share} (+20.00 points).")]


def test_a_small_data_set_gets_no_yes_and_nothing_compared_is_said_so() -> None:
    found = told(IGNORES | {"source": "caption"}, GAINS, GAINS | {"dataset": "tweets"})
    assert [word for word, _ in found.headline] == ["Yes", "No", "Too few sentences to tell"]
    said = "tweets has only 10 test sentences: too few to compare models on."
    assert found.real[2].note == said
    drawn = answers([GAINS | {"dataset": "tweets"}], SENTENCES, {"tweets": Kind(control="matched")}, POOLS)
    assert drawn.checks == [("Sanity check undecided:", said)]
    assert told().headline == [("Nothing to compare:", "no run was compared with its baseline.")]


@pytest.mark.parametrize(
    ("dataset", "verdicts", "state", "said"),
    [
        ("matched", "gains gains", "passed", "a gain must show, and one shows in 2 of 2 comparisons."),
        ("matched", "gains unclear", "failed", "shows in 1 of 2 comparisons (wrong: bilstm+cnn linear)."),
        ("matched", "unclear " * 4, "failed", f"(wrong: {', '.join(['bilstm+cnn linear'] * 3)} and 1 more)."),
        (
            "independent",
            "unclear loses",
            "passed",
            "no gain by them may show, and one shows in 0 of 2 comparisons.",
        ),
        ("independent", "gains", "failed", "shows in 1 of 1 comparison (wrong: bilstm+cnn linear)."),
        ("matched", "one_seed", "undecided", "on matched, no comparison has two seeds on both sides."),
    ],
)
def test_a_control_is_a_sanity_check_and_no_answer(
    dataset: str, verdicts: str, state: str, said: str
) -> None:
    row = GAINS | {"dataset": dataset}
    rows = [row | {"verdict": verdict.replace("_", " ")} for verdict in verdicts.split()]
    found = told(*rows)
    assert found.headline == [("No answer:", "all data sets that were compared are synthetic.")]
    [(word, rest)] = found.checks
    assert word == f"Sanity check {state}:" and rest.endswith(said)
    assert told(*rows, row | {"verdict": "one seed"}).checks == found.checks
    for other in ("gains", "unclear", "one seed"):  # of a caption, whose answer is not known
        assert told(*rows, row | {"source": "caption", "verdict": other}).checks == found.checks
    assert [word for word, _ in told(*[row], IGNORES).headline] == ["No"]


def test_it_is_said_what_the_runs_read_and_that_none_was_a_photograph() -> None:
    def read(*datasets: str, variant: str = "base", image: str = "cnn") -> list[str]:
        runs = [Combination(name, "none", "bilstm", image, "linear", variant=variant) for name in datasets]
        return what_is_read(
            runs,
            {"base": [], "caption": ["caption"]},
            KINDS | {"mine": Kind(), "drawn": Kind(caution="Beware.")},
        )

    assert read("scans", "matched") == [
        "No run has read a photograph.",
        "On scans, runs read the images, which are scans.",
        "matched is synthetic: this workflow writes its texts and draws its images.",
    ]
    assert read("tweets") == ["On tweets, runs read the images, which are photographs."]
    assert read("drawn") == ["On drawn, runs read the images.", "On drawn: Beware."]
    assert read("mine") == ["On mine, runs read the images."]  # which may be photographs
    assert read("tweets", variant="caption", image="none") == [
        "No run has read a photograph.",
        "On tweets, runs read the caption, as text, and no image.",
    ]


def test_a_page_says_when_by_which_code_and_where_its_runs_were_made(tmp_path: Path) -> None:
    one = record()
    other = one.model_copy(
        update={
            "finished": "2026-12-02T08:00:00+00:00",
            "code": Code(commit="b" * 40, dirty=True),
            "versions": {"torch": "2.11"},
            "hardware": Hardware(machine="x86_64", processor="CPU", cores=16, gpu="H200"),
        }
    )
    assert made([one]).summary == "1 run, finished on 28 November 2026; code aaaaaaaaaa."
    facts = dict(made([one, one, other]).facts)
    assert facts["Runs"] == "3 runs, finished from 28 November to 2 December 2026"
    assert facts["Code"] == (
        "aaaaaaaaaa (2 runs) and bbbbbbbbbb (1 run); 1 run with changes that were not committed"
    )
    assert facts["Versions"] == "torch 2.14 (2 runs) and 2.11 (1 run)"
    assert facts["Machines"] == "CPU, 2 cores (2 runs) and H200, CPU, 16 cores (1 run)"
    citation = tmp_path / "CITATION.cff"
    citation.write_text("license: MIT\n", encoding="utf-8")
    assert method(tmp_path, tmp_path / "results/study") == "../../docs/metrics.md"
    assert method(tmp_path, tmp_path.parent) == "code/docs/metrics.md"
    citation.write_text("repository-code: https://example.org/mnerflow\n", encoding="utf-8")
    assert method(tmp_path, tmp_path) == "https://example.org/mnerflow/blob/HEAD/docs/metrics.md"


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


@pytest.mark.parametrize(
    ("of_baseline", "of_fusion", "shown"),
    [
        ((1, 2, 3), (2, 3), (2, 2)),
        ((2, 3), (1, 2, 3), (2, 2)),
        ((1, 2), (1, 2), (1, 1)),
        ((1,), (2,), (1, 2)),
    ],
)
def test_a_gallery_knows_the_baseline_whatever_the_seeds(
    tmp_path: Path, of_baseline: tuple[int, ...], of_fusion: tuple[int, ...], shown: tuple[int, int]
) -> None:
    posts, counts, *others = files(tmp_path, 1)
    seeds = {TEXT_ONLY: of_baseline, LINEAR: of_fusion}
    counts = {replace(run, seed=seed): counts[run] for run in seeds for seed in seeds[run]}
    [group] = gallery(posts, counts, *others)
    fusion, baseline = group["models"]
    assert fusion["baseline"] == 1 and baseline["baseline"] is None
    assert tuple(Run.from_folder(each["run"]).seed for each in (baseline, fusion)) == shown


def test_cells_sort_by_number_and_lead_to_their_runs(tmp_path: Path) -> None:
    write_tables(tmp_path)
    table, *_ = report_tables(tmp_path)
    row = dict(zip((head.title for head in table.heads), table.rows[0], strict=True))
    assert (row["difference"].text, row["difference"].order) == ("+20.00", "0.2")
    assert (row["model"].text, row["model"].href) == (
        "bilstm+cnn linear",
        "runs/scans/none/bilstm%2Bcnn/linear/",
    )
    assert (row["drop, blank"].text, row["drop, blank"].order) == ("–", "")
    assert [cells[4].bold for cells in table.rows] == [
        True,
        False,
        True,
    ]  # a gain is sure, no difference is not


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
    assert text.count("Two seeds of one model tag 25.0 % of the test posts differently") == 1
    assert text.count('alt="Lengths"') == text.count("data:image/webp;base64,") - POSTS == 1
    assert len(text.encode()) < 3_000_000


def files(folder: Path, posts: int) -> tuple[dict, dict, dict, dict, dict]:
    """The five arguments of ``gallery`` for posts of which the fusion reads each better than its baseline."""
    tokens, labels = ["Ada", ATTACK], ["B-PER", "O"]
    names = [f"test-{index}" for index in range(posts)]
    (folder / "images").mkdir(exist_ok=True)
    Image.new("RGB", (40, 30), "red").save(folder / "images" / "a.png")
    write_posts(folder / "test.jsonl", [Post(name, tokens, labels, ["a.png"]) for name in names])
    counts = {}
    for run, tag in ((TEXT_ONLY, "B-LOC"), (LINEAR, "B-PER")):
        read = [Prediction(name, tokens, labels, [tag, "O"], [1, 1]) for name in names]
        counts[run] = count({"true": read}, tag_list(["PER", "LOC"]))
    posts_of = {("scans", "none"): folder / "test.jsonl"}
    return posts_of, counts, {"scans": folder / "images"}, BASELINES, {"scans": {"LOC": "place"}}


def record() -> TrainingRecord:
    """What a run says of itself."""
    return TrainingRecord(
        **LINEAR.names,
        config={},
        code=Code(commit="a" * 40),
        versions={"torch": "2.14"},
        data_sha256={},
        finished="2026-11-28T08:00:00+00:00",
        seconds=1,
        sources={},
        images=ImagesRead(fit="letterbox", broken="blank"),
        hardware=Hardware(machine="x86_64", processor="CPU", cores=2),
        precision="float32",
        training_posts=1,
        parameters_trained=1,
        epochs_run=1,
        best_epoch=1,
        peak_memory_mib=1,
    )


def records() -> list[TrainingRecord]:
    """A run of an older version, and three that counted what their text encoder could not read."""
    dev = Unread(posts=20, tokens=200, unknown=110, windowed=2)
    seen = {"train": Unread(posts=60, tokens=600, unknown=6, windowed=0), "dev": dev}
    fewer = {"train": Unread(posts=30, tokens=310, unknown=9, windowed=0), "dev": dev}
    cut = {"dev": {"caption": 5}}
    captioned = {"config": {"contexts": ["caption"]}, "contexts_cut": cut, "unread": {"dev": dev}}
    return [
        record(),
        *(record().model_copy(update=each) for each in ({"unread": fewer}, {"unread": seen}, captioned)),
    ]


@needs_itables
def test_what_encoders_could_not_read_is_shown_by_data_set_and_split(tmp_path: Path) -> None:
    assert unread_rows([record()]) == []
    shared = {"dataset": "scans", "filter": "none", "text_encoder": "bilstm"}
    dev = {"split": "dev", "posts": 20, "tokens": 200, "unknown": 110, "windowed": 2}
    assert unread_rows(records()) == [
        shared
        | {
            "contexts": "",
            "split": "train",
            "posts": 60,
            "tokens": 600,
            "unknown": 6,
            "windowed": 0,
            "cut": None,
        },
        shared | {"contexts": ""} | dev | {"cut": None},
        shared | {"contexts": "caption"} | dev | {"cut": 5},
    ]
    shown = report(tmp_path).partition('<section id="data"')[2]
    assert "110 (55.0 %)" in shown and "5 (25.0 %)" in shown and "<th>filter" not in shown


def write_tables(folder: Path) -> None:
    """Every table that the report reads, most without rows."""
    grid = dict.fromkeys(summary.GRID.names) | COMBINATION | {"sentences": 600, "entity_f1_mean": 0.85}
    error = (
        COMBINATION | dict.fromkeys(("gold", "correct", *errors.KINDS), 1) | {"by": "type", "group": ATTACK}
    )
    given = {
        "tables/does_it_help.csv": [GAINS, IGNORES, GAINS | {"dataset": "matched"}],
        "tables/grid.csv": [grid, grid | {"dataset": "matched"}],
        "tables/errors.csv": [error],
        "tables/churn.csv": [CHURN],
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
    about = Contents(plots, data, *files(folder, posts), KINDS, {"base": []}, POOLS, records(), "metrics.md")
    write_report(folder / "report.html", about)
    return (folder / "report.html").read_text(encoding="utf-8")
