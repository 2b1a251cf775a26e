"""The way of docs/own_texts.md, from untagged texts to a tagger, with a person's corrections played."""

import json
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from command_line import mnerflow
from PIL import Image
from snakemake_process import Workflow
from tiny_study import tiny_config

NAMES = {"Ann": "PER", "Rome": "LOC", "Zoë": "PER", "Cheb": "LOC"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty texts in ``diary``, the first ten beside a picture."""
    (tmp_path / "diary").mkdir()
    people, places = ("Ann", "Zoë"), ("Rome", "Cheb")
    for number in range(30):
        text = f"👍 {people[number % 2]} came to {places[number // 2 % 2]} on day {number} ."
        (tmp_path / f"diary/{number:03d}.txt").write_text(text, encoding="utf-8")
        if number < 10:
            Image.new("RGB", (32, 32), (20 * number, 90, 90)).save(tmp_path / f"diary/{number:03d}.jpg")
    return tmp_path


def units(text: str) -> bytes:
    """Label Studio counts as JavaScript does, an emoji twice."""
    return text.encode("utf-16-le")


def corrected(task: dict, number: int) -> dict:
    """A task as Label Studio exports it, once a person has marked the names."""
    text, marked = task["data"]["text"], []
    for name, kind in NAMES.items():
        if name in text:
            start = len(units(text[: text.index(name)])) // 2
            value = {"start": start, "end": start + len(name), "text": name, "labels": [kind]}
            marked.append({"type": "labels", "from_name": "label", "to_name": "text", "value": value})
    return task | {"id": number, "annotations": [{"result": marked, "was_cancelled": False}]}


def test_untagged_texts_become_a_tagger(folder: Path, workflow: Workflow):
    told = mnerflow(folder, "check", "diary")
    page = (ROOT / "docs/own_texts.md").read_text(encoding="utf-8")
    shown = next(line for line in page.splitlines() if line.startswith("mnerflow: diary: "))
    expected = shown.replace(": 3 plain", ": 30 plain").replace(", 1 of", ", 10 of")
    assert (told.returncode, told.stderr) == (1, f"{expected}\n")

    # A run to begin with: the demo's, which has seen nothing like these texts.
    grid = {"datasets": ["demo"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]}
    run = "results/runs/demo/none/bilstm+none/text_only/seed1"
    result = workflow.run(folder, tiny_config() | {"grid": [grid]}, f"{run}/model.safetensors")
    assert result.status == 0, result.output
    told = mnerflow(folder, "predict", run, "diary", "--format", "label_studio", "--to", "tasks.json")
    assert told.returncode == 0, told.stderr
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    assert len(tasks) == 30 and tasks[0]["data"]["image"] == "/data/local-files/?d=diary/000.jpg"
    for task in tasks:
        for one in task["predictions"][0]["result"]:
            value = one["value"]
            there = units(task["data"]["text"])[2 * value["start"] : 2 * value["end"]]
            assert there == units(value["text"])

    (folder / "tagged/images").mkdir(parents=True)
    export = json.dumps([corrected(task, number) for number, task in enumerate(tasks)])
    (folder / "tagged/train.json").write_text(export, encoding="utf-8")
    for picture in (folder / "diary").glob("*.jpg"):
        picture.rename(folder / "tagged/images" / picture.name)
    told = mnerflow(folder, "check", "tagged")
    assert told.returncode == 0 and told.stdout.startswith("tagged: label_studio\n"), told.stdout
    assert "entities: LOC 30, PER 30" in told.stdout and "usable images: 10" in told.stdout
    pasted = yaml.safe_load(told.stdout.partition("--configfile FILE`:\n")[2])
    pasted["grid"][0] |= {"seeds": [1], "fusions": ["text_only"]}
    del pasted["grid"][0]["image_encoders"]
    pasted["training"] = {"epochs": 12, "patience": 12, "batch_tokens": 64}
    result = workflow.run(folder, pasted, "results/test/scores.csv")
    assert result.status == 0, result.output
    told = mnerflow(
        folder, "predict", "--best", "my_tagged", "Zoë came to Cheb on day 3 .", "--format", "json"
    )
    found = [(one["entity_group"], one["word"]) for one in json.loads(told.stdout)]
    assert found == [("PER", "Zoë"), ("LOC", "Cheb")], told.stderr
