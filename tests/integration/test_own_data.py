"""The walk-through of docs/data.md does what the page says."""

import os
import re
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from command_line import mnerflow
from PIL import Image
from snakemake_process import Workflow

from mnerflow.evaluation.scores import read_scores

PAGE = (ROOT / "docs/data.md").read_text(encoding="utf-8").partition("## Formats")[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A folder in which the page's files lie."""
    (tmp_path / "chronicle/images").mkdir(parents=True)
    for split, posts in zip(("train", "dev", "test"), blocks("json"), strict=True):
        (tmp_path / f"chronicle/{split}.jsonl").write_text(posts, encoding="utf-8")
    for name, colour in (("bridge.png", "red"), ("school.png", "blue")):
        Image.new("RGB", (64, 48), colour).save(tmp_path / "chronicle/images" / name)
    return tmp_path


def test_check_prints_what_the_page_shows(example: Path):
    result = mnerflow(example, "check", "chronicle")
    shown = next(block for block in blocks("console") if "mnerflow check" in block)
    expected = shown.partition("\n")[2].partition("…")[0]
    assert result.returncode == 0 and result.stdout.startswith(expected), result.stdout + result.stderr
    pasted = yaml.safe_load(result.stdout.removeprefix(expected))
    entry = yaml.safe_load(blocks("yaml")[0])["datasets"]["my_chronicle"]
    assert pasted["datasets"]["my_chronicle"].pop("folder") == entry.pop("folder")
    assert sorted(pasted["datasets"]["my_chronicle"].pop("types")) == sorted(entry.pop("types"))
    assert pasted["datasets"]["my_chronicle"] == entry
    assert pasted["grid"] == yaml.safe_load(blocks("yaml")[0])["grid"]


def test_the_configuration_runs_to_scores_and_a_data_report(example: Path, workflow: Workflow):
    config = yaml.safe_load(blocks("yaml")[0]) | {"training": {"epochs": 1}}
    config["grid"][0]["seeds"] = [1]
    report = "results/test/reports/data/my_chronicle.md"
    result = workflow.run(example, config, "results/test/scores.csv", report)
    assert result.status == 0, result.output
    fusions = {row["fusion"] for row in read_scores(example / "results/test/scores.csv")}
    assert fusions == {"text_only", "linear", "cross_attention"}
    assert "posts without image" in (example / report).read_text(encoding="utf-8")


def test_a_changed_file_of_a_folder_is_prepared_anew(tmp_path: Path, workflow: Workflow):
    train = tmp_path / "letters/train"
    train.mkdir(parents=True)
    for name in "abc":
        (train / f"{name}.txt").write_text("Ann sings.", encoding="utf-8")
        (train / f"{name}.ann").write_text("T1\tPER 0 3\tAnn\n", encoding="utf-8")
    entry = {"folder": "letters", "format": "brat", "types": ["PER"], "splits": {"train": "train"}}
    grid = [{"datasets": ["letters"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]}]
    config, prepared = {"datasets": {"letters": entry}, "grid": grid}, "results/data/letters/none/train.jsonl"
    assert workflow.run(tmp_path, config, prepared).status == 0
    assert workflow.run(tmp_path, config, prepared, "--dry-run").jobs == {}
    (train / "c.ann").write_text("", encoding="utf-8")
    os.utime(train / "c.ann", (0, 0))  # as where an older file is moved here
    assert workflow.run(tmp_path, config, prepared, "--dry-run").jobs == {"prepare": 1}
    assert workflow.run(tmp_path, config, prepared).status == 0
    for suffix in ("txt", "ann"):
        (train / f"c.{suffix}").unlink()
    assert workflow.run(tmp_path, config, prepared, "--dry-run").jobs == {"prepare": 1}
