"""The figures show the numbers of their files, never vary, and survive thin data."""

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.evaluation.scores import COLUMNS, Run
from mnerflow.reporting import style
from mnerflow.reporting.plots.confusion_matrix import by_type, draw_confusion_matrix
from mnerflow.reporting.plots.entity_types import draw_entity_types
from mnerflow.reporting.plots.fusion_comparison import draw_fusion_comparison
from mnerflow.reporting.plots.lengths import draw_lengths
from mnerflow.reporting.plots.panels import MOST_PANELS, Panel, first_panels, group_by_panel, places, size_of
from mnerflow.reporting.plots.tag_distribution import draw_tag_distribution
from mnerflow.reporting.plots.training_curves import draw_training_curves

SCORES = [
    "demo,none,minilm,none,text_only,base,1,test,true,0.60",
    "demo,none,minilm,none,text_only,base,2,test,true,0.64",
    "demo,none,none,vit,image_only,base,1,test,true,0.05",
    "demo,none,minilm,vit,linear,base,1,test,true,0.80",
    "demo,none,minilm,vit,linear,base,2,test,true,0.84",
    "demo,none,minilm,vit,linear,base,1,test,image.shuffled,0.58",
    "demo,none,minilm,vit,linear,base,2,test,image.shuffled,0.60",
    "demo,none,minilm,vit,linear,base,1,dev,true,0.10",
]


def write_scores(folder: Path, rows: list[str]) -> Path:
    path = folder / "scores.csv"
    after = len(COLUMNS) - COLUMNS.index("entity_f1") - 1
    lines = [",".join(COLUMNS), *(row + ",1" * after for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_history(folder: Path, place: str, f1: list[float], loss: list[float] | None = None) -> Path:
    path = folder / place / "history.csv"
    path.parent.mkdir(parents=True)
    lines = ["epoch,train_loss,extra,dev_loss,dev_entity_f1"]
    for epoch, (score, value) in enumerate(zip(f1, loss or f1, strict=True), start=1):
        lines.append(f"{epoch},{2 * value},x,{value},{score}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_predictions(folder: Path, pairs: list[tuple[str, str]]) -> Path:
    path = folder / "demo/none/minilm+vit/linear/seed1/predictions.jsonl"
    path.parent.mkdir(parents=True)
    gold, predicted = ([*tags] for tags in zip(*pairs, strict=True)) if pairs else ([], [])
    count = len(pairs)
    record = {"split": "test", "condition": "true", "id": "1", "tokens": ["x"] * count}
    record |= {"labels": gold, "predicted": predicted}
    path.write_text(json.dumps({**record, "subwords": [1] * count}) + "\n", encoding="utf-8")
    return path


def lines(axes, **wanted) -> list[list[float]]:
    """The y data of the lines whose properties are as wanted."""
    return [
        [float(y) for y in line.get_ydata()]
        for line in axes.lines
        if all(getattr(line, f"get_{name}")() == value for name, value in wanted.items())
    ]


def test_fusion_comparison_shows_means_seeds_and_ceiling(tmp_path, drawn):
    draw_fusion_comparison(write_scores(tmp_path, SCORES), {"demo": 0.624}, tmp_path / "plot")
    (axes,) = drawn[0].axes
    assert axes.get_title() == "demo\nminilm+vit"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["text only", "image only", "linear"]
    assert lines(axes, marker="o", markersize=4) == [[pytest.approx(62)]]
    squares = [line for line in axes.lines if line.get_marker() == "s"]
    assert {line.get_fillstyle(): line.get_ydata()[0] for line in squares} == {
        "full": pytest.approx(82),
        "bottom": pytest.approx(59),
    }
    assert lines(axes, markersize=1.9) == [pytest.approx(seeds) for seeds in ([60, 64], [80, 84], [58, 60])]
    assert lines(axes, color="black") == [pytest.approx([62.4, 62.4])]
    texts = [text.get_text() for text in axes.texts]
    assert texts == [" ← 5.0", "text-only\nceiling\n62.4"]  # image_only is far off the scale
    assert 40 < axes.get_ylim()[0] < 58


def test_training_curves_show_the_mean_as_far_as_all_seeds_went(tmp_path, drawn):
    first = write_history(tmp_path, "demo/none/minilm+vit/linear/seed1", [0.4, 0.6, 0.7], [1, 0.5, 0.4])
    second = write_history(tmp_path, "demo/none/minilm+vit/linear/seed2", [0.5, 0.8], [2, 0.7])
    draw_training_curves([first, second], tmp_path / "plot")
    scores, losses = drawn[0].axes
    assert lines(scores, marker="s") == [pytest.approx([45, 70])]
    assert lines(scores, linewidth=0.5) == [pytest.approx([40, 60, 70]), pytest.approx([50, 80])]
    assert lines(losses, marker="s") == [pytest.approx([1.5, 0.6])]
    assert lines(losses, linestyle=":") == [pytest.approx([3.0, 1.2])]


def test_confusion_rows_are_shares_of_the_gold_tag(tmp_path, drawn):
    pairs = [("O", "O")] * 3 + [("O", "B-PER"), ("B-PER", "B-PER"), ("B-PER", "O"), ("B-PER", "I-LOC")]
    draw_confusion_matrix(write_predictions(tmp_path, pairs), {"LOC": "place"}, tmp_path / "plot")
    (axes,) = drawn[0].axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "O", "B-place", "I-place", "B-PER", "I-PER",
    ]  # fmt: skip
    shares = np.asarray(axes.images[0].get_array())
    assert shares[0].tolist() == [0.75, 0, 0, 0.25, 0]
    assert shares[3] == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3, 0])
    assert shares.sum(axis=1) == pytest.approx([1, 0, 0, 1, 0])  # no gold word: an empty row
    assert [text.get_text() for text in axes.texts][:4] == ["75", "3", "25", "1"]


def test_tag_distribution_counts_the_tokens_that_the_model_sees(tmp_path, drawn):
    write_posts(tmp_path / "train.jsonl", [Post("1", ["a", "b", "c"], ["O", "O", "B-PER"], dropped=[1])])
    write_posts(tmp_path / "test.jsonl", [Post("2", ["a", "b"], ["B-PER", "I-PER"])])
    splits = {name: tmp_path / f"{name}.jsonl" for name in ("train", "test")}
    draw_tag_distribution(splits, "demo", {"PER": "person"}, tmp_path / "plot")
    (axes,) = drawn[0].axes
    widths = {bars.get_label(): [bar.get_width() for bar in bars] for bars in axes.containers}
    assert widths == {"train": [1, 1, 0], "test": [0, 1, 1]}  # O, B-PER, I-PER
    assert [label.get_text() for label in axes.get_yticklabels()] == ["O", "B-person", "I-person"]
    assert axes.get_xscale() == "log"


@pytest.mark.parametrize("shortest", [0, 1, 9])
def test_every_post_is_in_the_plot_of_lengths(tmp_path, drawn, shortest):
    posts = [Post(str(n), ["a"] * n, ["O"] * n) for n in (shortest, shortest, shortest + 3, 200)]
    draw_lengths({"train": posts, "test": posts[:1]}, "demo", tmp_path / "plot")
    (axes,) = drawn[0].axes
    steps = [line.get_data() for line in axes.patches]
    assert [values.sum() for values, *_ in steps] == [100, 100]
    assert {edges[0] for _, edges, _ in steps} == {axes.get_xlim()[0]} == {shortest}


def test_the_plot_of_lengths_says_where_longer_posts_are_counted(tmp_path, drawn):
    posts = [Post(str(n), ["a"] * n, ["O"] * n) for n in (*range(1, 81), 500)]
    draw_lengths({"train": posts[:-1]}, "demo", tmp_path / "plot")
    draw_lengths({"train": [*posts, *posts[:-1] * 2]}, "demo", tmp_path / "plot")
    labels = [figure.axes[0].get_xlabel() for figure in drawn]
    assert labels == ["Tokens per post", "Tokens per post (at the end: 81 and more)"]


def test_a_long_title_is_wrapped_to_the_width_of_the_figure(tmp_path, drawn):
    draw_entity_types({"train": {"PER": 1}}, "Letters of the estates " * 5, tmp_path / "plot")
    drawn[0].draw_without_rendering()
    left, right = drawn[0].axes[0].title.get_window_extent().intervalx
    assert 0 <= left < right <= drawn[0].bbox.width


def test_same_input_same_bytes(tmp_path):
    scores = write_scores(tmp_path, SCORES)
    for name in ("first", "second"):
        draw_fusion_comparison(scores, {"demo": 0.624}, tmp_path / name / "v1.0")
    for suffix in (".png", ".svg"):
        first, second = (tmp_path / name / f"v1.0{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in first.read_bytes()


def test_thin_data_is_drawn_or_said(tmp_path, drawn):
    nothing = write_history(tmp_path, "demo/none/bilstm+none/text_only/seed1", [])
    single = write_history(tmp_path, "demo/none/minilm+none/text_only/seed1", [0.5])
    lost = write_history(tmp_path, "demo/none/minilm+none/text_only/seed2", [math.nan])
    draw_training_curves([nothing, single, lost], tmp_path / "curves")
    draw_training_curves([], tmp_path / "no_curves")
    draw_fusion_comparison(write_scores(tmp_path, []), {}, tmp_path / "no_scores")
    rows = [
        "t17,none,minilm,none,text_only,base,1,test,true,nan",
        "t15,none,none,vit,image_only,base,1,test,image.blank,0",
        "t16,none,none,vit,image_only,base,1,test,true,0.01",
        "t16,none,minilm,none,text_only,base,1,test,true,0.8",
    ]
    draw_fusion_comparison(write_scores(tmp_path, rows), {}, tmp_path / "lost_scores")
    draw_confusion_matrix(write_predictions(tmp_path, []), {}, tmp_path / "no_words")
    write_posts(tmp_path / "train.jsonl", [])
    draw_tag_distribution({"train": tmp_path / "train.jsonl"}, "$a_b$", {}, tmp_path / "no_posts")
    draw_entity_types({"train": {"PER": 0}, "test": {"PER": 0}}, "none", tmp_path / "no_entities")
    said = [text.get_text() for figure in drawn for text in figure.texts]
    assert said == [
        "No run has a history yet.", "No test scores yet.", "No predictions.", "No posts.", "No entities."
    ]  # fmt: skip
    assert [axes.get_title() for axes in drawn[0].axes] == ["demo\nminilm", ""]
    assert [axes.get_title() for axes in drawn[3].axes] == ["t15\nvit", "t16\nminilm", "t16\nvit"]
    assert all(axes.lines for figure in drawn for axes in figure.axes), "a panel without a point"
    assert len(list(tmp_path.glob("*.png"))) == len(list(tmp_path.glob("*.svg"))) == 7


def test_a_bad_score_is_named(tmp_path):
    rows = ["demo,none,minilm,none,text_only,base,1,test,true,high"]
    with pytest.raises(UserError, match=r"scores.csv:2: .*'high'"):
        draw_fusion_comparison(write_scores(tmp_path, rows), {}, tmp_path / "plot")
    assert not list(tmp_path.glob("plot*"))


def test_a_file_outside_a_run_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"elsewhere: no folder of a run\. Name one that ends in"):
        draw_training_curves([write_history(tmp_path, "elsewhere", [0.5])], tmp_path / "plot")


def test_unimodal_runs_stand_in_every_panel_with_their_encoder():
    def run(text: str, image: str, fusion: str, dataset: str = "demo") -> Run:
        return Run(dataset, "none", text, image, fusion, 1)

    linear = [run("minilm", "vit", "linear"), run("minilm", "cnn", "linear")]
    text_only, other = run("minilm", "none", "text_only"), run("bilstm", "none", "text_only", "t17")
    image_only = run("none", "vit", "image_only")
    grouped = group_by_panel([*linear, text_only, other, image_only])
    assert {panel[2:]: {member.fusion for member in members} for panel, members in grouped.items()} == {
        ("minilm", "cnn"): {"text_only", "linear"},
        ("minilm", "vit"): {"text_only", "linear", "image_only"},
        ("bilstm", "none"): {"text_only"},
    }


def test_data_sets_share_rows_where_none_is_broken():
    panels = [Panel("a", "none", f"t{k}", "vit") for k in range(6)] + [Panel("b", "none", "t0", "vit")]
    panels += [Panel("c", "none", "t0", "vit")]
    placed = places(panels, 4)
    assert [(place.row, place.column) for place in placed] == [
        *((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3), (2, 0))
    ]
    assert [place.panel.dataset for place in placed if place.starts] == ["a", "a", "b", "c"]
    assert size_of(placed) == (3, 4)


def test_of_hundreds_of_panels_each_data_set_shows_its_first():
    few = {Panel("a", "none", f"t{k}", "vit"): [] for k in range(MOST_PANELS)}
    assert first_panels(few) == (few, "")
    many = few | {Panel(name, "none", "t0", "vit"): [] for name in "bcd"}
    drawn, note = first_panels(many)
    assert [panel.dataset for panel in drawn] == ["a"] * (MOST_PANELS // 4) + ["b", "c", "d"]
    assert note.startswith("15 of 51 panels, the first of each data set by name")


def test_fusions_can_be_told_apart_in_grey():
    looks = style.system_looks(style.FUSIONS).values()
    greys = [float(np.dot(to_rgb(look.color), (0.299, 0.587, 0.114))) for look in looks]
    assert min(abs(a - b) for a, b in combinations(greys, 2)) > 0.06
    assert len({look.marker for look in looks}) == len(looks)
    many = style.system_looks([*style.FUSIONS, *(f"own_{k}" for k in range(35))])
    assert len({(look.color, look.marker) for look in many.values()}) == len(many)
    assert next(iter(many)) == "text_only"


def test_many_tags_are_put_together_to_their_types(tmp_path, drawn):
    counts = np.array([[5, 1, 0], [2, 3, 4], [0, 1, 6]])
    merged, kinds = by_type(counts, ["O", "B-PER", "I-PER"])
    assert kinds == ["O", "PER"] and merged.tolist() == [[5, 1], [2, 14]]
    tags = ["O", *(f"{prefix}-T{number}" for number in range(60) for prefix in "BI")]
    draw_confusion_matrix(write_predictions(tmp_path, [(tag, tag) for tag in tags]), {}, tmp_path / "plot")
    write_posts(tmp_path / "train.jsonl", [Post("1", ["x"] * len(tags), tags)])
    draw_tag_distribution({"train": tmp_path / "train.jsonl"}, "many", {}, tmp_path / "tags")
    matrix, distribution = (figure.axes[0] for figure in drawn)
    for axes in (matrix, distribution):
        names = [label.get_text() for label in axes.get_yticklabels()]
        assert names == ["O", *sorted(f"T{number}" for number in range(60))]
    assert matrix.get_ylabel() == "Gold type"


def test_letters_that_no_font_has_are_logged(tmp_path, caplog):
    figure = Figure()
    figure.text(0, 0, "a\U000f0000b", family="DejaVu Sans")  # of a plane for private use
    style.save(figure, tmp_path / "plot")
    assert f"plot: no font here has {chr(0xF0000)}; on Debian, install fonts-noto-cjk" in caplog.text
