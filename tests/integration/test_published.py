"""Published runs: taken over instead of trained, and the tables computed from them again."""

import copy
import lzma
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from folder_contents import contents
from snakemake_process import Workflow
from tiny_study import Finished

from mnerflow.cli import main
from mnerflow.evaluation.predictions import read_tested
from mnerflow.publishing.tables import TABLES


@pytest.fixture(scope="module")
def published(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    assert main(["publish", str(finished.study), "--to", str(folder)]) == 0
    return folder


def test_what_is_published_quotes_no_post(finished: Finished, published: Path):
    packed = "".join(lzma.decompress(file.read_bytes()).decode() for file in published.rglob("*.xz"))
    assert '"predicted"' in packed
    posts = read_tested(finished.results / "runs/demo/none/bilstm+cnn/linear/seed1/predictions.jsonl")
    words = {token for post in posts for token in post.tokens if len(token) > 2}
    assert words and not [word for word in words if f'"{word}"' in packed]
    assert {file.name for file in published.iterdir()} == {
        *("SHA256SUMS", "config.yaml", "plots", "runs", "scores.csv", "tables"),
    }  # and no report, which shows posts


def test_the_tables_are_computed_from_what_is_published(
    workflow: Workflow,
    published: Path,
    config: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
):
    results, study = tmp_path / "results", tmp_path / "results/test"
    assert main(["unpack", str(results), "--from", str(published)]) == 0
    config["grid"][0]["seeds"].append(3)  # which is not finished
    done = workflow.run(tmp_path, config, "tables_of_predictions", "--config", "finished_only=true")
    assert done.status == 0, done.output
    assert not {"train", "predict", "prepare"} & set(done.jobs)
    capsys.readouterr()
    assert main(["compare", str(study), "--from", str(published)]) == 0
    compared = f"{study}: scores and tables beside those in {published}: "
    number = 1 + len(TABLES)  # and the scores
    assert capsys.readouterr().out == f"{compared}{number} tables, all as published, byte by byte\n"
    assert main(["compare", str(study), "--from", str(tmp_path / "nothing")]) == 1
    (published / "tables/grid.csv").rename(tmp_path / "grid.csv")
    assert main(["compare", str(study), "--from", str(published)]) == 1  # computed, not published
    (tmp_path / "grid.csv").rename(published / "tables/grid.csv")
    assert main(["compare", str(study), "--from", str(published)]) == 0
    with (published / "tables/grid.md").open("a") as file:
        file.write("better\n")
    assert main(["compare", str(study), "--from", str(published)]) == 1
    said = capsys.readouterr()
    assert said.out.endswith(f"{compared}1 of {number} tables not as published\n")
    assert said.err.endswith("tables/grid.md: differs\n")
    assert main(["unpack", str(results), "--from", str(published)]) == 1  # not what SHA256SUMS says
    (study / "scores.csv").write_text(re.sub(r".*,2,(dev|test),.*\n", "", (study / "scores.csv").read_text()))
    assert main(["compare", str(study), "--from", str(published)]) == 1
    said = capsys.readouterr().err
    assert f"{study}: its runs are not those of {published}" in said and "Computed alone: none" in said
    assert re.search(r"Published alone: [^.]*/seed2\. Choose", said)


def test_published_runs_are_taken_over_and_only_new_ones_train(
    workflow: Workflow, finished: Finished, published: Path, config: dict[str, Any], tmp_path: Path
):
    config |= {"published": str(published)}
    target = "results/runs/demo/none/bilstm+cnn/linear/seed1/predictions.jsonl"
    done = workflow.run(
        tmp_path, config, target, "results/runs/demo_control/nonword/none+cnn/image_only/seed1/run.yaml"
    )
    assert done.status == 0, done.output
    assert done.jobs["take_over"] == 2 and "train" not in done.jobs
    assert (tmp_path / target).read_bytes() == (finished.folder / target).read_bytes()

    config["grid"][0]["seeds"].append(3)
    source = copy.deepcopy(config)
    source["image_encoders"]["cnn"]["source"] = "path:elsewhere"  # other weights under the same name
    assert "demo/none/bilstm+cnn/linear/seed1" in workflow.plan(tmp_path, source).trained
    config["training"]["patience"] = 1  # concerns all runs
    config["text_encoders"]["bilstm"]["training"] |= {"patience": 2}  # but those with a text
    assert workflow.plan(tmp_path, config).trained == {
        "demo/none/bilstm+cnn/linear/seed3",
        "demo_control/nonword/none+cnn/image_only/seed1",
    }


def test_nothing_is_published_over_another_study_or_from_changed_results(
    published: Path, finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture
):
    other = Path(shutil.copytree(published, tmp_path / "other"))
    run = other / "runs/demo/none/bilstm+cnn/linear/seed1"
    run.rename(run.with_name("seed9"))
    before = contents(other)
    assert main(["publish", str(finished.study), "--to", str(other)]) == 1
    assert "such as demo/none/bilstm+cnn/linear/seed9, are not planned" in capsys.readouterr().err
    run.with_name("seed9").rename(run)
    results = Path(shutil.copytree(finished.results, tmp_path / "results", symlinks=True))
    (results / "test/tables/grid.csv").write_text("")
    assert main(["publish", str(results / "test"), "--to", str(other)]) == 1
    assert "tables/grid.csv: missing or changed" in capsys.readouterr().err
    run.rename(run.with_name("seed9"))
    assert contents(other) == before


def test_a_model_of_other_settings_is_no_reason_to_train_what_is_published(
    workflow: Workflow, published: Path, config: dict[str, Any], tmp_path: Path
):
    model = tmp_path / "results/runs/demo/none/bilstm+none/text_only/seed1/model.safetensors"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"")
    config |= {"published": str(published)}
    plan = workflow.plan(tmp_path, config)
    assert "take_over" in plan.jobs and "train" not in plan.jobs
    done = workflow.run(tmp_path, config, str(model.with_name("run.yaml").relative_to(tmp_path)))
    assert done.status == 0, done.output
    assert not model.exists(), "a model of other settings beside the record of the published one"
    assert "train" not in workflow.plan(tmp_path, config).jobs


def test_a_run_that_was_trained_here_is_not_taken_over(
    workflow: Workflow, finished: Finished, published: Path, config: dict[str, Any]
):
    plan = workflow.plan(finished.folder, config | {"published": str(published)})
    assert not {"train", "take_over", "predict"} & set(plan.jobs)


def test_other_data_than_was_predicted_is_refused(
    workflow: Workflow, published: Path, config: dict[str, Any], tmp_path: Path
):
    config |= {"published": str(published)}
    config["datasets"]["demo"]["generator"]["seed"] = 2
    done = workflow.run(tmp_path, config, "results/runs/demo/none/bilstm+none/text_only/seed1/run.yaml")
    assert done.status != 0 and "train.jsonl is not what this run was trained on" in done.output


def test_a_published_file_that_was_changed_is_refused(
    workflow: Workflow, published: Path, config: dict[str, Any], tmp_path: Path
):
    other = Path(shutil.copytree(published, tmp_path / "published"))
    run = "runs/demo/none/bilstm+none/text_only/seed1"
    (other / run / "predictions.jsonl.xz").write_bytes(b"")
    done = workflow.run(tmp_path, config | {"published": str(other)}, f"results/{run}/run.yaml")
    assert done.status != 0 and "predictions.jsonl.xz: missing, changed or not listed" in done.output


def test_a_folder_without_published_runs_is_named(workflow: Workflow, config: dict[str, Any], tmp_path: Path):
    done = workflow.run(tmp_path, config | {"published": "results/publishd"}, "-n")
    assert done.status != 0 and "results/publishd holds no runs" in done.output
    assert "Traceback" not in done.output
