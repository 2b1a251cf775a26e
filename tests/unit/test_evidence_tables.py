"""Cost and results of the literature in tables, and the plots of the evidence."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from records import record_of, write_record

from mnerflow.errors import UserError
from mnerflow.evaluation import scores
from mnerflow.evaluation.comparison import Comparison
from mnerflow.evaluation.counts import Counts
from mnerflow.evaluation.seeds import Estimate
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.record import TrainingRecord
from mnerflow.reporting import churn, cost, does_it_help, learning_curve, per_type, pooled, strata, style
from mnerflow.reporting.learning_curve import curve_rows
from mnerflow.reporting.literature import TABLE, literature_rows, literature_table
from mnerflow.reporting.plots.ablations import draw_ablations
from mnerflow.reporting.plots.churn import draw_churn
from mnerflow.reporting.plots.cost import draw_cost
from mnerflow.reporting.plots.forest import draw_forest
from mnerflow.reporting.plots.learning_curve import draw_learning_curve
from mnerflow.reporting.plots.per_type import draw_per_type
from mnerflow.reporting.plots.pooled import draw_pooled
from mnerflow.reporting.plots.strata import draw_strata
from mnerflow.reporting.table_files import write_csv

TEXT = Run("demo", "none", "bilstm", "none", "text_only", 1)
SECOND, THIRD = replace(TEXT, seed=2), replace(TEXT, seed=3)
LINEAR = replace(TEXT, image_encoder="cnn", fusion="linear")
GAIN = Comparison(
    LINEAR.combination, "image", TEXT.combination, 3, 3, 0.6, 0.7, Estimate(0.1, 0.01, 50), 0.001, 0.001,
    {"image.shuffled": Estimate(0.2, 0.05, 50), "image.blank": Estimate(0.1, 0.02, 50)},
    0.25, 0.0, 0.005, 10_000,
)  # fmt: skip
CAPTION = replace(
    GAIN, combination=replace(TEXT.combination, variant="caption"), source="caption",
    difference=Estimate(-0.01, 0.01, 50), p_corrected=0.4,
    drops={}, changed=None,
)  # fmt: skip


def test_cost_is_summed_up_over_seeds(tmp_path):
    records = [
        write_record(tmp_path / TEXT.path, TEXT),
        write_record(tmp_path / SECOND.path, SECOND, seconds=14, epochs_run=5, peak_memory_mib=950),
        write_record(tmp_path / THIRD.path, THIRD, seconds=12),
    ]
    (row,) = cost.cost_rows(records)
    assert (row["seeds"], row["seconds_mean"], row["peak_memory_mib"]) == (3, 12, 950)
    assert row["seconds_sd"] == pytest.approx(2)
    assert row["hardware"] == "EPYC, 2 cores"
    assert "| 12 ± 2 " in cost.TABLE.render([row]).markdown()
    assert row["energy_wh"] is None and "| – " in cost.TABLE.render([row]).markdown()
    records[1].write_text("seconds: 3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"seed2/run\.yaml: no record of a run \(dataset: Field required\)"):
        cost.cost_rows(records)


def test_energy_is_a_mean_over_seeds_that_the_same_devices_were_counted_for(tmp_path):
    whole, other, partly = (
        write_record(tmp_path / replace(TEXT, seed=seed).path, replace(TEXT, seed=seed), energy_wh=energy)
        for seed, energy in enumerate(
            [{"gpu": 3.0, "processor": 1.0}, {"processor": 2.0, "gpu": 4.0}, {"gpu": 3.0}]
        )
    )
    (row,) = cost.cost_rows([whole, other])
    assert (row["energy_wh"], row["energy_of"]) == (5, "gpu + processor")
    assert "| 5.00 (gpu + processor) |" in cost.TABLE.render([row]).markdown()
    (row,) = cost.cost_rows([whole, partly])
    assert (row["energy_wh"], row["energy_of"]) == (None, None)


def test_results_of_the_literature_stand_beside_ours_only_on_their_data():
    ours = {"filter": "none", "text_encoder": "minilm", "image_encoder": "none", "fusion": "text_only"}
    ours |= {"variant": "base", "seeds": 3, "entity_f1_mean": 0.76, "entity_f1_sd": 0.002}
    rows = literature_rows([ours | {"dataset": name} for name in ("demo", "twitter2015")])
    assert {row["dataset"] for row in rows} == {"twitter2015"}
    assert all(set(row) == set(TABLE.names) for row in rows)
    systems = [row["system"] for row in rows]
    assert systems[systems.index("text_only") + 1] == "HVPNeT"
    contexts = {"base": [], "crf": [], "crf_caption": ["caption"]}
    for other, modality in (
        ({"variant": "crf"}, "text"),
        ({"variant": "crf_caption"}, "text+caption"),
        ({"fusion": "linear", "image_encoder": "vit"}, "text+image"),
        ({"fusion": "image_only", "image_encoder": "vit", "text_encoder": "none"}, "image"),
    ):
        compared = literature_rows([ours | {"dataset": "twitter2015"} | other], contexts)
        assert [row["modality"] for row in compared if row["origin"] == "mnerflow"] == [modality]
    table = literature_table(rows).markdown()
    assert "| 76.00 ± 0.20 | 3 " in table
    assert "Yu, ACL 2020" in table
    assert "seen in Xu et al." in table and "corrected labels" in table  # both of HVPNeT
    assert literature_table(literature_rows([])).markdown().startswith("No result was published")


def test_forest_shows_the_differences_and_fills_the_significant(tmp_path, drawn):
    path = tmp_path / "does_it_help.csv"
    does_it_help.TABLE.write([path], [does_it_help.help_record(c) for c in (GAIN, CAPTION)])
    draw_forest(path, tmp_path / "forest")
    (axes,) = drawn[0].axes
    found = {
        round(float(line.get_xdata()[0]), 3): line.get_fillstyle()
        for line in axes.lines
        if len(line.get_xdata()) == 1
    }
    assert found == {10: "full", -1: "none"}
    draw_ablations(path, tmp_path / "ablations")  # the caption has none
    marks = [line.get_xdata()[0] for line in drawn[1].axes[0].lines if len(line.get_xdata()) == 1]
    assert marks == pytest.approx([20, 10])
    assert "25 % changed" in [text.get_text() for text in drawn[1].axes[0].texts]
    assert (tmp_path / "ablations.svg").exists()


@pytest.mark.parametrize(
    ("table", "draw", "values"),
    [
        (strata.TABLE, draw_strata, [20, -10]),
        (churn.TABLE, draw_churn, [30, 20, 30, 10]),
        (does_it_help.TABLE, draw_ablations, [20, 20, -10, -10]),
    ],
)
def test_a_model_compared_on_two_sources_is_drawn_for_each_and_names_it(tmp_path, drawn, table, draw, values):
    known = (
        dict.fromkeys(table.names) | asdict(LINEAR.combination) | {"seeds": 2, "changed": 0.5, "gold": 200}
    )
    known |= {"kind": "type", "stratum": "PER", "churn": 0.3, "churn_low": 0.3, "churn_high": 0.3}
    rows = [
        known | {"source": source, "difference": value, "drop_shuffled": value, "drop_blank": value}
        | {"across": abs(value), "across_low": abs(value), "across_high": abs(value)}
        for source, value in (("image", 0.2), ("caption", -0.1))
    ]  # fmt: skip
    table.write([tmp_path / "table.csv"], rows)
    draw(tmp_path / "table.csv", tmp_path / "plot")
    (axes,) = drawn[0].axes
    marks = sorted((line.get_ydata()[0], line) for line in axes.lines if line.get_marker() != "None")
    assert [line.get_xdata()[0] for _, line in marks] == pytest.approx(values)
    said = [text.get_text() for text in (*axes.get_yticklabels(), *axes.texts)]
    assert [text.partition(":")[0] for text in said if ":" in text] == ["image", "caption"]


def test_a_forest_with_long_labels_is_wide_enough_for_its_axes(tmp_path, drawn):
    path = tmp_path / "does_it_help.csv"
    long = replace(CAPTION.combination, variant="crf_description_knowledge_caption")
    long_named = replace(CAPTION, combination=long, source="description+knowledge")
    for comparison in (CAPTION, long_named):
        does_it_help.TABLE.write([path], [does_it_help.help_record(comparison)])
        draw_forest(path, tmp_path / "forest")
    assert [figure.get_figwidth() for figure in drawn] == [style.COLUMN, style.FULL]
    assert drawn[1].axes[0].get_position().width > 0.4


def test_means_of_real_and_synthetic_data_stand_apart_and_are_filled_without_zero(tmp_path, drawn):
    known = {"filter": "none", "models": 2, "one_seed": 0, "runs": 4, "baseline_runs": 2, "p": 0.5}
    known |= {"metric": "entity_f1", "spread": 0.0}
    pooled.TABLE.write(
        [tmp_path / "pooled.csv"],
        [
            known | {"dataset": "tweets", "source": "a+b", "difference": 0.01, "low": -0.01, "high": 0.03},
            known | {"dataset": "scans", "source": "image", "difference": 0.0, "low": None, "high": None},
            known | {"dataset": "drawn", "source": "image", "difference": 0.2, "low": 0.1, "high": 0.3},
        ],
    )
    draw_pooled(tmp_path / "pooled.csv", ["drawn"], tmp_path / "pooled")
    real, synthetic = drawn[0].axes
    assert [label.get_text() for label in real.get_yticklabels()] == ["tweets: a and b", "scans: image"]
    assert [text.get_text() for text in real.texts] == [
        "+1.00 (−1.00 to +3.00), 2 models",
        "+0.00 (no interval), 2 models",
    ]
    fills = [[line.get_fillstyle() for line in axes.lines[1::2]] for axes in (real, synthetic)]
    assert fills == [["none", "none"], ["full"]]


def test_no_comparison_is_said(tmp_path, drawn):
    does_it_help.TABLE.write([tmp_path / "help.csv"], [])
    per_type.TABLE.write([tmp_path / "types.csv"], [])
    learning_curve.TABLE.write([tmp_path / "curve.csv"], [])
    draw_learning_curve(tmp_path / "curve.csv", tmp_path / "plot")
    for draw, name in ((draw_forest, "help"), (draw_ablations, "help"), (draw_per_type, "types")):
        draw(tmp_path / f"{name}.csv", tmp_path / "plot")
    said = [figure.texts[0].get_text()[:6] for figure in drawn]
    assert said == ["No mod", "No run", "No run", "No sco"]
    with pytest.raises(UserError, match="column 'seconds_mean' is missing"):
        (tmp_path / "cost.csv").write_text("dataset,filter,text_encoder,image_encoder,fusion,variant,seeds\n")
        draw_cost(tmp_path / "cost.csv", tmp_path / "scores.csv", tmp_path / "plot")


def test_a_learning_curve_holds_the_systems_with_several_shares(tmp_path, drawn):
    half, alone = replace(TEXT, variant="half"), replace(LINEAR, variant="half")
    right = {TEXT: 9, SECOND: 7, half: 6, replace(half, seed=2): 4, alone: 5}
    runs = {
        run: Counts(("PER",), "", {"true": np.array([[[hits, 10, 10]], [[9, 10, 10]]])}, {})
        for run, hits in right.items()
    }
    records = {
        run: TrainingRecord(**record_of(run, training_posts=50, config={"train_fraction": 0.5}))
        if run.variant == "half"
        else TrainingRecord(**record_of(run))
        for run in runs
    }
    rows = curve_rows(runs, records, {"base": "base", "half": "base"}, SeedPools(shares={"half": 0.5}))
    assert [Combination.of(row) for row in rows] == [TEXT.combination] * 2
    assert [(row["fraction"], row["training_posts"], row["seeds"]) for row in rows] == [
        (0.5, 50, 2),
        (1, 100, 2),
    ]
    assert [row["entity_f1_mean"] for row in rows] == pytest.approx([0.7, 0.85])
    learning_curve.TABLE.write([tmp_path / "curve.csv"], rows)
    draw_learning_curve(tmp_path / "curve.csv", tmp_path / "curve")
    (line,) = drawn[0].axes[0].lines
    assert line.get_xdata().tolist() == [50, 100] and line.get_ydata() == pytest.approx([70, 85])
    assert [tick.get_text() for tick in drawn[0].axes[0].get_xticklabels()] == ["50", "100"]


def test_costs_on_another_machine_than_most_are_drawn_hollow(tmp_path, drawn):
    names = {"dataset": "demo", "filter": "none", "text_encoder": "bilstm", "image_encoder": "none"}
    names |= {"variant": "base"}
    rows = [names | {"fusion": f, "seconds_mean": 9, "hardware": h} for f, h in (("a", "CPU"), ("b", "CPU"))]
    rows.append(names | {"fusion": "c", "seconds_mean": 9, "hardware": "GPU"})
    cost.TABLE.write([tmp_path / "cost.csv"], rows)
    measured = dict.fromkeys(scores.METRICS, 0.5) | dict.fromkeys(scores.COUNTS, 5)
    measured |= names | {"seed": 1, "split": "test", "condition": "true"}
    reached = [measured | {"fusion": row["fusion"]} for row in rows]
    write_csv(tmp_path / "scores.csv", reached, scores.COLUMNS)
    draw_cost(tmp_path / "cost.csv", tmp_path / "scores.csv", tmp_path / "plot")
    marks = [line for line in drawn[0].axes[0].lines if len(line.get_xdata()) == 1]
    assert [mark.get_markerfacecolor() == "white" for mark in marks] == [False, False, True]
    assert "not trained on CPU" in drawn[0].legends[0].get_title().get_text()


def test_types_are_drawn_in_every_panel_of_their_encoder(tmp_path, drawn):
    names = {"dataset": "demo", "filter": "none", "text_encoder": "bilstm", "image_encoder": "none"}
    names |= {"variant": "base"}
    scores = {"seeds": 2, "type": "PER", "support": 9, "precision": 0.5, "recall": 0.5, "f1_sd": 0.1}
    text = names | scores | {"fusion": "text_only", "f1_mean": 0.5, "best": False}
    rows = [text, *(text | {"image_encoder": e, "fusion": "linear", "f1_mean": 0.8} for e in ("cnn", "vit"))]
    per_type.TABLE.write([tmp_path / "per_type.csv"], rows)
    draw_per_type(tmp_path / "per_type.csv", tmp_path / "per_type")
    assert [axes.get_title() for axes in drawn[0].axes] == ["demo\nbilstm+cnn", "demo\nbilstm+vit"]
    for axes in drawn[0].axes:
        assert sorted(float(line.get_ydata()[0]) for line in axes.lines) == pytest.approx([50, 80])
