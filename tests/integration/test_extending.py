"""What users build on: a fusion or decoder of their own in one file, and runs that start from other runs."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Finished, Workflow

from mnerflow.evaluation.scores import read_scores
from mnerflow.plan.names import Run


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
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
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
    workflow: Workflow, finished: Finished, config: dict[str, Any], tmp_path: Path
) -> None:
    datasets = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["datasets"]
    own = datasets["demo"] | config["datasets"]["demo"]
    config["datasets"]["demo_shuffled"] = own | {"images_of": "demo", "train_with": ["image.shuffled"]}
    config["grid"] = [
        block | {"datasets": ["demo", "demo_shuffled"], "seeds": [1]} for block in config["grid"][:2]
    ]
    config["datasets"]["demo_shuffled"]["train_with"] = ["caption.shuffled"]
    refused = workflow.run(tmp_path, config, "-n")
    assert refused.status != 0 and "no run on demo_shuffled reads 'caption'" in refused.output
    config["datasets"]["demo_shuffled"]["train_with"] = ["image.shuffled"]
    done = workflow.run(tmp_path, config, "--", "results/test/scores.csv")
    assert done.status == 0, done.output

    def of(dataset: str, name: str, file: str) -> bytes:
        return (tmp_path / f"results/runs/{dataset}/none/{name}/seed1" / file).read_bytes()

    record = yaml.safe_load(of("demo_shuffled", "bilstm+cnn/linear", "run.yaml"))
    assert record["config"]["train_with"] == ["image.shuffled"]
    for name, same in (("bilstm+none/text_only", True), ("bilstm+cnn/linear", False)):
        both = {of(dataset, name, "predictions.jsonl") for dataset in ("demo", "demo_shuffled")}
        assert (len(both) == 1) == same, name


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
