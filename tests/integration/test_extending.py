"""What users build on: a fusion of their own in one file, and runs that start from other runs."""

import csv
import re
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT, Finished, Workflow

from mnerflow.evaluation.scores import read_scores


def test_a_fusion_in_one_file(workflow: Workflow, finished: Finished, config: dict[str, Any]) -> None:
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    [name] = re.findall(r"fusions/(\w+)\.py`:\n", page)
    file = workflow.root / f"src/mnerflow/models/fusions/{name}.py"
    file.write_text(code, encoding="utf-8")
    try:
        config["fusions"] = {name: {"options": {"dropout": 0.3}}}
        config["grid"][0] |= {"fusions": ["linear", name], "seeds": [1, 2]}
        planned = workflow.plan(finished.folder, config)
        assert planned.trained == {f"demo/none/bilstm+cnn/{name}/seed{seed}" for seed in (1, 2)}
        config["grid"] = [config["grid"][0] | {"fusions": [name], "seeds": [1]}]
        folder = finished.folder.with_name("own_fusion")
        result = workflow.run(folder, config, "--", "results/scores.csv")
        assert result.status == 0, result.output
        assert {row["fusion"] for row in read_scores(folder / "results/scores.csv")} == {name}
    finally:
        file.unlink()


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
    with (tmp_path / "results/tables/tuning.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["settings"] for row in rows] == ["learning_rate.text=0.001", "learning_rate.text=0.01"]
    best = max(rows, key=lambda row: float(row["dev_mean"]))
    assert [row["picked"] for row in rows] == [str(row is best) for row in rows]
    assert not list((tmp_path / "results").rglob("predictions.*"))
    assert not list((tmp_path / "results").rglob("model.safetensors"))
