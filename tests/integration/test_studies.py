"""Two studies side by side: runs are shared, all else is each one's own."""

import shutil
from pathlib import Path
from typing import Any

from snakemake_process import Workflow

from mnerflow.evaluation.scores import read_scores


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """When the files of a folder were written, and what they hold; runs are linked into a study's folder."""
    return {
        str(file): (file.stat().st_mtime_ns, file.read_bytes())
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_studies_share_runs_and_nothing_else(workflow: Workflow, config: dict[str, Any], tmp_path: Path):
    block = {"datasets": ["demo"], "text_encoders": ["bilstm"], "fusions": ["text_only"]}
    first = config | {"name": "first", "grid": [block | {"seeds": [1, 2]}]}
    second = config | {"name": "second", "grid": [block | {"seeds": [2, 3]}]}
    done = workflow.run(tmp_path, first)
    assert done.status == 0 and "report  results/first/report.html" in done.output, done.output
    results = tmp_path / "results"
    before = state(results / "first")
    done = workflow.run(tmp_path, second)
    assert done.status == 0 and done.trained == {"demo/none/bilstm+none/text_only/seed3"}, done.output
    assert state(results / "first") == before
    for name, seeds in (("first", {1, 2}), ("second", {2, 3})):
        assert {row["seed"] for row in read_scores(results / name / "scores.csv")} == seeds
        assert (results / name / "runs/demo/none/bilstm+none/text_only/seed2/run.yaml").is_file()
    assert workflow.plan(tmp_path, first).jobs == workflow.plan(tmp_path, second).jobs == {}

    learnt_longer = second | {"training": config["training"] | {"epochs": 3}}
    replaced = workflow.run(tmp_path, learnt_longer, "--until", "train", "--config", "name=third")
    assert "results/first, results/second still shows their former results" in replaced.output

    # Snakemake has notes here, but none on the runs.
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(results / "runs", elsewhere / "results/runs")
    (elsewhere / ".snakemake/metadata").mkdir(parents=True)
    (elsewhere / ".snakemake/metadata/note").touch()
    refused = workflow.run(elsewhere, second, "--dry-run")
    assert refused.status == 1 and "trained with other settings" in refused.output, refused.output


def test_finished_runs_are_not_trained_again_whatever_changed(
    workflow: Workflow, config: dict[str, Any], tmp_path: Path
):
    config |= {
        "grid": [{"datasets": ["demo"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]}]
    }
    assert workflow.run(tmp_path, config, "--until", "predict").status == 0
    with (tmp_path / "results/data/demo/none/dev.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert {"train", "predict"} <= workflow.plan(tmp_path, config).jobs.keys()
    jobs = workflow.plan(tmp_path, config | {"finished_only": True}).jobs
    assert "score" in jobs and not {"train", "predict"} & jobs.keys()


def test_a_study_cannot_be_called_as_what_all_share(
    workflow: Workflow, config: dict[str, Any], tmp_path: Path
):
    refused = workflow.run(tmp_path, config | {"name": "runs"}, "--dry-run")
    assert refused.status == 1 and "a study cannot be called 'runs'" in refused.output
    assert "results/mine/scores.csv" in workflow.plan(tmp_path, config | {"name": "mine"}).output
    assert "results/test/scores.csv" in workflow.plan(tmp_path, config).output, "as its file is"
