"""What users build on: a fusion or decoder of their own in one file, and runs that start from other runs."""

import csv
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import ROOT
from snakemake_process import Workflow
from tiny_study import Finished

from mnerflow.evaluation.scores import read_scores
from mnerflow.plan.names import Combination, Run
from mnerflow.reporting import does_it_help


@pytest.mark.parametrize(
    ("package", "entry", "wrong"),
    [
        ("fusions", {"options": {"dropout": 0.3}}, {"options": {"droput": 0.3}}),
        (
            "decoders",
            {"decoder": {"kind": "NAME", "options": {"hidden": 8}}},
            {"decoder": {"kind": "NAME", "options": {"hiden": 8}}},
        ),
    ],
)
def test_a_part_in_one_file(
    package: str,
    entry: dict[str, Any],
    wrong: dict[str, Any],
    workflow: Workflow,
    finished: Finished,
    config: dict[str, Any],
) -> None:
    page = (ROOT / "docs/extend.md").read_text(encoding="utf-8")
    recipe = rf"`src/mnerflow/models/{package}/(\w+)\.py`:\n\n```python\n(.*?)^```"
    [(name, code)] = re.findall(recipe, page, re.MULTILINE | re.DOTALL)
    entry, wrong = (yaml.safe_load(yaml.safe_dump(one).replace("NAME", name)) for one in (entry, wrong))
    file = workflow.root / f"src/mnerflow/models/{package}/{name}.py"
    file.write_text(code, encoding="utf-8")
    try:
        part, names = ("fusions", ["linear"]) if package == "fusions" else ("variants", ["base"])
        system = name if package == "fusions" else f"linear+{name}"
        config[part] = {name: entry}
        config["grid"][0] |= {part: [*names, name], "seeds": [1, 2]}
        planned = workflow.plan(finished.folder, config)
        assert planned.trained == {f"demo/none/bilstm+cnn/{system}/seed{seed}" for seed in (1, 2)}
        config["grid"] = [config["grid"][0] | {part: [name], "seeds": [1]}]
        folder = finished.folder.with_name(f"own_{package}")
        result = workflow.run(folder, config, "--", "results/test/scores.csv")
        assert result.status == 0, result.output
        assert {Run.of(row).system for row in read_scores(folder / "results/test/scores.csv")} == {system}
        config[part] = {name: wrong}
        refused = workflow.run(folder, config, "-n")
        assert refused.status != 0 and "options: unknown key" in refused.output
    finally:
        file.unlink()


def test_a_fusion_is_held_against_itself_trained_on_shuffled_images(
    workflow: Workflow, finished: Finished, config: dict[str, Any]
) -> None:
    control = config["variants"] = {"image_shuffled": {"train_with": ["caption.shuffled"]}}
    block = config["grid"][0] | {"fusions": ["text_only", "linear"], "seeds": [1]}
    config["grid"] = [*config["grid"], block | {"variants": ["image_shuffled"]}]
    refused = workflow.run(finished.folder, config, "-n")
    assert refused.status != 0 and "altered sources, caption, which no run here reads" in refused.output
    control["image_shuffled"] = {"train_with": ["image.shuffled"]}
    name = "demo/none/bilstm+cnn/linear+image_shuffled/seed1"
    assert workflow.plan(finished.folder, config).trained == {name}

    folder = finished.folder.with_name("controlled")
    shutil.copytree(finished.folder, folder, symlinks=True)
    done = workflow.run(folder, config, "--", "results/test/tables/does_it_help.csv")
    assert done.status == 0, done.output
    record = yaml.safe_load((folder / "results/runs" / name / "run.yaml").read_text(encoding="utf-8"))
    assert record["config"]["train_with"] == ["image.shuffled"]
    rows = does_it_help.TABLE.read(folder / "results/test/tables/does_it_help.csv")
    [row] = [row for row in rows if Combination.of(row).folder == "demo/none/bilstm+cnn/linear"]
    assert row["control_shuffled"] == "demo/none/bilstm+cnn/linear+image_shuffled"
    assert row["beyond_control_shuffled"] == pytest.approx(
        row["fusion_score"] - row["control_shuffled_score"], abs=1e-7
    )
    assert "image_shuffled" not in {row["variant"] for row in rows}


def test_a_run_that_starts_from_another(workflow: Workflow, config: dict[str, Any], tmp_path: Path) -> None:
    start = {"dataset": "demo", "variant": "base"}
    config["variants"] = {"tuned": {"init_from": start}}
    grid = {"datasets": ["demo_control"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]}
    config["grid"] = [grid | {"variants": ["tuned"]}]
    model = "results/runs/demo_control/none/bilstm+none/text_only+tuned/seed1/model.safetensors"

    refused = workflow.run(tmp_path, config, "--", model)
    assert refused.status != 0
    assert "init_from: 20 posts of results/data/demo_control/none/dev.jsonl" in refused.output
    assert "Start from a data set `without` this one, or say `allow_leak: true`" in refused.output
    assert not (tmp_path / model).exists()

    start["allow_leak"] = True
    allowed = workflow.run(tmp_path, config, "--", model)
    assert allowed.status == 0, allowed.output
    record = yaml.safe_load((tmp_path / model).with_name("run.yaml").read_text(encoding="utf-8"))
    assert (
        record["config"]["init_from"]
        == "results/runs/demo/none/bilstm+none/text_only/seed1/model.safetensors"
    )


def test_a_search_reads_dev_alone(workflow: Workflow, config: dict[str, Any], tmp_path: Path) -> None:
    search = {"dataset": "demo", "text_encoder": "bilstm", "fusion": "text_only", "seeds": [1]}
    config["tuning"] = [search | {"search": {"learning_rate.text": [0.001, 0.01]}}]
    result = workflow.run(tmp_path, config, "--", "tuning")
    assert result.status == 0, result.output
    with (tmp_path / "results/test/tables/tuning.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["settings"] for row in rows] == ["learning_rate.text=0.001", "learning_rate.text=0.01"]
    best = max(rows, key=lambda row: float(row["dev_mean"]))
    assert [row["picked"] for row in rows] == [str(row is best) for row in rows]
    assert not list((tmp_path / "results").rglob("predictions.*"))
    assert not list((tmp_path / "results").rglob("model.safetensors"))
