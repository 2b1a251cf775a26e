"""Tables: what is averaged, what stands beside the thesis and with which remarks, and how it is printed."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from test_grid import load

from mnerflow.errors import UserError, printable
from mnerflow.evaluation.scores import COLUMNS
from mnerflow.llm.runs import rival_runs, rivals_of
from mnerflow.plan.encoders import encoder_facts
from mnerflow.plan.grid import expand
from mnerflow.registry import kind_of
from mnerflow.reporting import does_it_help, runs
from mnerflow.reporting.latex import latex
from mnerflow.reporting.literature import results_on
from mnerflow.reporting.reference import ALL, tables_page
from mnerflow.reporting.render import Rendered, between, p_value, percent, points, spread
from mnerflow.reporting.show import results_text
from mnerflow.reporting.summary import GRID, grid_table, summarize
from mnerflow.reporting.thesis import TABLE, THESIS, Parts, on_its_data, thesis_lines

ROOT = Path(__file__).parents[2]
SOURCES = {"minilm": "org/all-MiniLM-L6-v2", "large": "google-bert/bert-large-uncased"}
PARTS = Parts(
    {name: {"kind": "transformer", "model": source, "source": source} for name, source in SOURCES.items()}
    | {"vit": {"kind": "timm", "model": "vit_tiny", "source": "vit_tiny"}}
    | {"bilstm": {"kind": "bilstm", "model": "bilstm", "source": "bilstm"}},
    {"linear": "linear"},
    {},
)


def row(seed: int, f1: float, condition: str = "true", split: str = "test", **names: str) -> dict:
    """A row of ``scores.csv``."""
    defaults = {"dataset": "demo", "filter": "none", "text_encoder": "minilm", "image_encoder": "vit"}
    scores = dict.fromkeys(("entity_f1", "entity_f1_strict", "token_macro_f1", "subword_macro_f1"), f1)
    counts = {"seed": seed, "sentences": 600}
    return {
        **defaults,
        "fusion": "linear",
        "variant": "base",
        **counts,
        "split": split,
        "condition": condition,
        **scores,
        **names,
    }


def test_a_summary_averages_the_seeds_of_the_test_split():
    scores = [
        row(1, 0.7),
        row(2, 0.8),
        row(3, 0.75),
        row(1, 0.1, split="dev"),
        row(1, 0.5, "image.shuffled"),
        row(2, 0.4, "image.shuffled"),
    ]
    scores += [row(1, 0.6, image_encoder="none", fusion="text_only")]
    text_only, linear = summarize(scores)
    assert (linear["seeds"], linear["entity_f1_mean"]) == (3, pytest.approx(0.75))
    assert linear["entity_f1_sd"] == pytest.approx(0.05)
    assert (linear["entity_f1_shuffled"], linear["entity_f1_blank"]) == (pytest.approx(0.45), None)
    assert (text_only["entity_f1_mean"], text_only["entity_f1_sd"]) == (0.6, None)
    assert summarize([row(1, 0.7), row(2, 0.8)])[0]["entity_f1_sd"] is None, "too few to tell"


def test_a_test_split_that_is_too_small_to_compare_on_is_named():
    small = row(1, 0.5, dataset="photos") | {"sentences": 10}
    assert grid_table(summarize([row(1, 0.5), small])).notes == [
        "photos has only 10 test sentences: too few to compare models on."
    ]


def test_a_model_that_finds_nothing_is_named_with_the_likely_cause():
    blind = row(1, 0.0, image_encoder="none", fusion="text_only")
    sees_no_words = row(1, 0.0, text_encoder="none", fusion="image_only")
    filtered = blind | {"filter": "nonword"}
    notes = grid_table(summarize([row(1, 0.5), blind, filtered, sees_no_words])).notes
    assert [note.partition(". ")[0] for note in notes] == [
        "On demo, minilm text_only found no entity of the test split",
        "On demo (nonword), minilm text_only found no entity of the test split",
    ]
    assert "or training did not get under way." in notes[0]


def test_every_column_of_every_table_is_explained_in_the_docs() -> None:
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    assert page == tables_page(), "write it again: python -m mnerflow.reporting.reference > docs/tables.md"
    for table in ALL.values():
        assert all(column.meaning for column in table.columns)
        views = (table.printed, table.page, table.wide, table.detail)
        further = (part.printed for part in table.further)
        shown = [column for view in (*views, *further) for column in table.shown(view)]
        assert {column.name for column in shown} <= set(table.names)
        assert all(column.title for column in shown)
    assert runs.TABLE.names == COLUMNS


def test_a_table_reads_again_what_it_wrote(tmp_path):
    summary = summarize([row(1, 0.7), row(2, 0.75), row(3, 0.725), row(1, 0.6, dataset="2017")])
    GRID.write([tmp_path / "grid.csv", tmp_path / "grid.md"], summary)
    assert GRID.read(tmp_path / "grid.csv") == [
        {name: round(value, 8) if isinstance(value, float) else value for name, value in line.items()}
        for line in summary
    ]
    assert "| 72.50 ± 2.50 " in (tmp_path / "grid.md").read_text(encoding="utf-8")
    text = (tmp_path / "grid.csv").read_text(encoding="utf-8")
    (tmp_path / "grid.csv").write_text(text.replace("0.725", "much", 1), encoding="utf-8")
    with pytest.raises(UserError, match=r"grid\.csv: not a table \(.*'much'\)"):
        GRID.read(tmp_path / "grid.csv")


def test_how_numbers_are_written():
    assert percent(0.83124) == "83.12"
    assert spread(0.8, 0.0123) == "80.00 ± 1.23"
    assert spread(0.8, None) == "80.00"
    assert [points(value) for value in (0.0125, -0.0125, -0.00003)] == ["+1.25", "−1.25", "+0.00"]
    assert spread(None, None) == "–"
    assert between(0.8641, 0.8968) == "86.4–89.7"
    assert [p_value(p) for p in (0.00099, 0.001, 0.05)] == ["<0.001", "0.001", "0.050"]


def test_the_terminal_shows_what_each_run_gains_and_fits_120_columns(tmp_path):
    names = {"dataset": "twitter2017", "text_encoder": "efficient", "fusion": "partial_prediction"}
    scores = [row(seed, 0.5, **names, filter="nonword+low_variability") for seed in (1, 2, 3)]
    grid = summarize([*scores, row(1, 0.4)])
    gain = dict.fromkeys(does_it_help.TABLE.names) | grid[1] | {"source": "image", "baseline_seeds": 3}
    gain |= {"difference": 0.1, "low": 0.05, "high": 0.15, "baseline_score": 0.4, "fusion_score": 0.5}
    gain |= {"verdict": "gains", "sure": True, "close": False, "margin": 0.005}
    gain = {name: gain[name] for name in does_it_help.TABLE.names}
    GRID.write([tmp_path / "tables/grid.csv"], grid)
    does_it_help.TABLE.write([tmp_path / "tables/does_it_help.csv"], [gain])
    demo = {"format": "jsonl", "splits": {}, "generator": {"images": "matched"}}
    config = {"datasets": {"twitter2017": {"format": "umt", "splits": {}}, "demo": demo}, "variants": {}}
    (tmp_path / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    lines = results_text(tmp_path).split("\n")
    assert max(map(len, lines)) <= 120
    assert lines[1] == "Yes on twitter2017: a gain by the image in 1 of 1 comparison (+10.00 points)."
    [line] = [" ".join(line.split()) for line in lines if "efficient+vit" in line]
    assert line == "twitter2017 efficient+vit 3 50.00 ± 0.00 +10.00 +5.00 to +15.00 gains"
    [line] = [line.split() for line in lines if "(nonword+low_variability)" in line]  # no name is broken
    assert line == ["(nonword+low_variability)", "partial_prediction"]
    assert lines[lines.index("") - 1] == "its images."  # the answer, and then the table
    names = [line.split()[0] for line in lines if "vit " in line]
    assert names == ["twitter2017", "demo"]  # the real question first
    does_it_help.TABLE.write([tmp_path / "tables/does_it_help.csv"], [gain, gain | {"source": "caption"}])
    lines = results_text(tmp_path).split("\n")
    verdicts = [" ".join(line.split()[-2:]) for line in lines if "efficient+vit" in line]
    assert verdicts == ["image: gains", "caption: gains"]
    # The configuration is written first, so that a killed workflow may leave the tables of an earlier grid.
    (tmp_path / "config.yaml").write_text(json.dumps(config | {"datasets": {"demo": demo}}), encoding="utf-8")
    with pytest.raises(UserError, match=r"its tables are of another grid than its config\.yaml"):
        results_text(tmp_path)


def test_a_small_run_beside_the_thesis_says_what_differs():
    lines = thesis_lines(summarize([row(1, 0.7, dataset="twitter2015")]), PARTS)
    (line,) = [line for line in lines if line.ours]
    assert line.thesis["value"] == 75.32
    note = line.record()["note"]
    for part in ("Twitter10000", "all-MiniLM-L6-v2", "bert-large-uncased", "vit_tiny", "last epoch"):
        assert part in note


def test_the_same_encoder_needs_no_remark():
    lines = thesis_lines(summarize([row(1, 0.7, dataset="twitter10000", text_encoder="large")]), PARTS)
    (line,) = [line for line in lines if line.ours]
    assert "bert-large" not in line.record()["note"]


def thesis_grid(names: dict[str, str]) -> tuple[list[dict], Parts]:
    """Scores of every run that ``config/thesis.yaml`` plans, its encoders and fusions under other names."""
    config = load("config/thesis.yaml")
    for part in ("text_encoders", "image_encoders", "fusions"):
        config[part] = {names.get(name, name): {"kind": name} | entry for name, entry in config[part].items()}
        for block in config["grid"]:
            block[part] = [names.get(name, name) for name in block[part]]
    planned = expand(config) + rival_runs(config)
    scores = [row(run.seed, 0.5) | asdict(run) for run in planned]
    encoders = encoder_facts(config) | rivals_of(config)
    fusions = {name: kind_of(name, entry) for name, entry in config["fusions"].items()}
    return scores, Parts(encoders, fusions, {})


@pytest.mark.parametrize(
    "names",
    [
        {},
        {
            "bert": "t5",
            "llama": "bert",
            "vit_base": "cnn",
            "alexnet": "vit",
            "linear": "gated",
            "gated": "linear",
        },
    ],
)
def test_the_thesis_s_grid_fills_every_row_of_its_table(names: dict[str, str]) -> None:
    scores, parts = thesis_grid(names)
    lines = thesis_lines(summarize(scores), parts)
    of_row = [[line for line in lines if line.thesis is result] for result in THESIS["rows"]]
    # T17 stands beside MNER-MI and Twitter-2017, T15 beside Twitter10000 (read in two ways) and Twitter-2015.
    # Llama's beside all five with three fusions and two image encoders, GPT's with the image and without.
    assert [len(matched) for matched in of_row] == [2, 2, 2, 3, 3, 3, 30, 10]
    for matched in of_row:
        for line in matched:
            assert line.ours and line.ours["subword_macro_f1_mean"] == 0.5
            encoders = [remark for remark in line.remarks if remark.startswith("encoder:")]
            ours = ["encoder: ours is cnn; the thesis's is its own AlexNet-style CNN"]
            assert encoders == (ours if line.thesis.get("image") == "cnn" else [])
            assert len([remark for remark in line.remarks if remark.startswith("protocol:")]) == 1
    exact = [line for line in lines if line.thesis and line.ours["dataset"] == "twitter10000_thesis"]
    said = "data: the set of the thesis's T15, without each post's first token as its parser left it"
    assert [said in line.remarks for line in exact if line.thesis["data"]] == [True] * (3 + 6)
    others = {(line.ours["text_encoder"], line.ours["fusion"]) for line in lines if not line.thesis}
    assert (names.get("bert", "bert"), "text_only") in others and (
        "bilstm",
        names.get("linear", "linear"),
    ) in others


@pytest.mark.parametrize(
    ("encoder", "system"),
    [
        ({"kind": "timm", "model": "tf_efficientnet_lite0", "source": "timm/x"}, "cross-attention, BERT+CNN"),
        ({"kind": "timm", "model": "deit3_small_patch16_224", "source": "path:w"}, None),
        ({"kind": "cnn", "model": "cnn", "source": "cnn"}, "cross-attention, BERT+CNN"),
        ({"kind": "my_own", "model": "vit_cnn", "source": "vit_cnn"}, None),
    ],
)
def test_an_encoder_s_family_follows_from_what_it_is(encoder: dict[str, str], system: str | None) -> None:
    scores = [row(1, 0.5, dataset="mner_mi", image_encoder="vit_or_cnn", fusion="attend")]
    parts = Parts(
        PARTS.encoders | {"vit_or_cnn": encoder}, {"attend": "cross_attention"}, {"mner_mi": "Drawn."}
    )
    (line,) = [line for line in thesis_lines(summarize(scores), parts) if line.ours]
    assert (line.thesis or {}).get("system") == system
    assert "data: Drawn.;" in f"{line.record()['note']};", "the caution of a data set"


def test_other_data_and_other_models_are_marked_as_not_in_the_thesis():
    scores = [row(1, 0.7), row(1, 0.7, dataset="twitter2017", text_encoder="bilstm")]
    lines = [line for line in thesis_lines(summarize(scores), PARTS) if line.ours]
    assert [line.thesis for line in lines] == [None, None]
    assert all("not in the thesis" in line.record()["note"] for line in lines)
    assert [line.record()["thesis_data"] for line in lines] == ["T17", None], "what compares comes first"
    assert "MNER-MI" in lines[0].record()["note"]


def test_every_result_of_the_thesis_is_listed_even_when_nothing_ran(tmp_path):
    lines = thesis_lines([], PARTS)
    assert [line.record()["thesis_low"] for line in lines] == [
        0.8312, 0.8272, 0.8035, 0.7532, 0.7593, 0.7493, 0.65, 0.5431,
    ]  # fmt: skip
    rows = [line.record() for line in lines]
    assert "| 65–70 " in TABLE.render(rows).markdown()
    TABLE.write([tmp_path / "thesis.csv"], rows)
    assert (
        (tmp_path / "thesis.csv")
        .read_text()
        .split("\n")[1]
        .startswith('T17,"linear fusion, BERT+ViT",0.8312,')
    )


def test_the_page_shows_nothing_beside_the_thesis_for_other_data():
    ours = row(1, 0.7, dataset="mine")
    rows = [line.record() for line in thesis_lines(summarize([ours]), PARTS)]
    assert on_its_data(rows) == []
    both = summarize([ours, row(1, 0.7, dataset="twitter2017")])
    shown = on_its_data([line.record() for line in thesis_lines(both, PARTS)])
    assert {one["dataset"] for one in shown} == {None, "twitter2017"}


def test_equal_remarks_share_a_number():
    table = Rendered("Caption", ["a"], [["1"], ["2"], ["3"]], [["x", "y"], ["y"], []])
    assert table.markdown() == (
        "Caption\n\n"
        "| a   | note   |\n|:----|:-------|\n| 1   | 1, 2   |\n| 2   | 2      |\n| 3   |        |\n\n"
        "1. x\n2. y\n"
    )


NAMES = [
    "A|B",
    "a\nb",
    "a\r\nb",
    "<img src=x>",
    "&amp;",
    "*b*",
    "**b**",
    "_b_",
    "__b__",
    "`c",
    "[x](y)",
    "![x](y)",
]
NAMES += [
    "\\",
    "\\|",
    "a\\",
    "#",
    "-",
    "=",
    ":-",
    "\x1b[2J",
    "\u202eab",
    "\x00",
    "a\u2028b",
    "text_crf",
    "[PER]",
    "*",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_one_cell_that_reads_as_it_is(name):
    shown = printable(name).replace("\n", " ")
    table = Rendered("Caption", ["a", name], [[name, "1"], ["2", name]], bold={(1, 1)})
    tokens = MarkdownIt("commonmark").enable("table").parse(table.markdown())
    cells = [token.children for token in tokens if token.type == "inline"][1:]
    assert ["".join(part.content for part in cell).strip() for cell in cells] == [
        "a",
        shown,
        shown,
        "1",
        "2",
        shown,
    ]
    assert {part.type for cell in cells[:5] for part in cell} <= {"text", "text_special", "code_inline"}
    rows = [line for line in latex(table, "tab:a").split("\n") if line.endswith(r" \\")]
    assert [line.replace(r"\&", "").count("&") for line in rows] == [1, 1, 1]
    assert not any(line.startswith(("[", "*")) for line in rows)
    assert not set(table.markdown() + latex(table, "tab:a") + table.console()) & set("\x1b\u202e\x00\r\u2028")


def test_results_of_the_literature_are_of_one_data_set_and_metric_and_cite_their_source():
    results = results_on("twitter2017")
    assert [result.system for result in results[:2]] == ["PROMU", "PGIM"]
    assert {result.value for result in results} >= {0.8531, 0.8749, 0.8911}
    assert all(result.source.title and result.source.url.startswith("https://") for result in results)
    assert {result.value for result in results_on("poner")} == {0.871, 0.832}
    assert {result.dataset for result in results_on("poner_scans")} == {"poner_scans"}  # the same sentences
    assert results_on("demo") == []
