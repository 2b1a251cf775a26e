"""The way of docs/pages.md, from scans with their transcription to a tagger and the names on new pages."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from command_line import mnerflow
from PIL import Image, ImageDraw
from snakemake_process import Workflow

from mnerflow.data.pages.page import read_pages
from mnerflow.data.post import read_splits

PONER = ROOT.parent / "shared/data/poner"
EXPORT = PONER / "label_studio_annotations/label_studio_annotations_export.json"
WALK = (ROOT / "docs/pages.md").read_text(encoding="utf-8")
TRAINED, NEW = 6, 2  # pages


def draw(folder: Path, number: int) -> dict:
    """A drawn page of ten lines, as ALTO with its image; returns its task, annotated."""
    name, texts, marks, lines = f"{number:04d}", [], [], []
    image = Image.new("L", (300, 260), 255)
    for index in range(10):
        person = ("Ann", "Zoë")[(number + index) % 2]
        words = f"{person} came to Cheb on day {number * 10 + index} .".split()
        ImageDraw.Draw(image).text((10, 20 * index + 20), " ".join(words[1:]), fill=0)
        strings = "<SP/>".join(f'<String CONTENT="{word}"/>' for word in words)
        lines.append(
            f'<TextLine HPOS="8" VPOS="{20 * index + 15}" WIDTH="280" HEIGHT="20">{strings}</TextLine>'
        )
        start = sum(len(text) + 1 for text in texts)
        marks.append({"start": start, "end": start + 3, "labels": ["person"]})
        texts.append(" ".join(words))
    (folder / f"{name}.xml").write_text(
        '<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page WIDTH="300" HEIGHT="260">'
        f"<PrintSpace><TextBlock>{''.join(lines)}</TextBlock></PrintSpace></Page></Layout></alto>",
        encoding="utf-8",
    )
    image.save(folder / f"{name}.png")
    return {"page_name": name, "text": "\n".join(texts), "ner": marks}


def copy(folder: Path, entry: dict) -> dict:
    """A page of PONER; returns its task, with the text inside."""
    source, name = PONER / "source_data" / entry["document_name"], entry["page_name"]
    shutil.copy(source / f"{name}_page.xml", folder)
    shutil.copy(source / f"{name}.jpg", folder)
    return entry | {"text": (source / f"{name}.txt").read_text(encoding="utf-8")}


@pytest.fixture
def pages(tmp_path: Path) -> tuple[Path, list[dict]]:
    """``chronicle`` and ``new_pages`` without names, and the tasks of the first; drawn where PONER is not."""
    folders = [tmp_path / "chronicle"] * TRAINED + [tmp_path / "new_pages"] * NEW
    for folder in {*folders}:
        folder.mkdir()
    if not PONER.exists():
        return tmp_path, [draw(folder, number) for number, folder in enumerate(folders)][:TRAINED]
    entries = [one for one in json.loads(EXPORT.read_text("utf-8")) if one["document_name"] == "Kroniky_11"]
    return tmp_path, [copy(*pair) for pair in zip(folders, entries, strict=False)][:TRAINED]


def test_scans_with_their_transcription_become_a_tagger(
    pages: tuple[Path, list[dict]], workflow: Workflow
) -> None:
    folder, tasks = pages
    told = mnerflow(folder, "check", "chronicle")
    shown = WALK.partition("$ mnerflow check chronicle\n")[2].partition("```")[0]
    lines = sum(len(page.lines) for page in read_pages(folder / "chronicle"))
    expected = shown.replace("2 pages of 61", f"{TRAINED} pages of {lines}")
    assert told.returncode == 1, told.stdout + told.stderr
    assert {*expected.splitlines()} <= {*told.stdout.splitlines()}, "PONER's lines may want something besides"

    (folder / "chronicle/names.json").write_text(json.dumps(tasks), encoding="utf-8")
    told = mnerflow(folder, "check", "chronicle")
    assert told.returncode == 0 and told.stdout.startswith("chronicle: page_xml\n"), told.stdout + told.stderr
    pasted = yaml.safe_load(told.stdout.partition("--configfile FILE`:\n")[2])
    entry = pasted["datasets"]["my_chronicle"]
    walked = yaml.safe_load(re.findall(r"^```yaml\n(.*?)^```$", WALK, re.MULTILINE | re.DOTALL)[0])
    assert entry | {"types": []} == walked["datasets"]["my_chronicle"] | {"types": []}
    assert pasted["grid"] == walked["grid"]
    small = {
        "text_encoders": ["bilstm"],
        "fusions": ["text_only", "linear"],
        "variants": ["base"],
        "seeds": [1],
    }
    pasted["grid"][0] |= small
    del pasted["text_encoders"]
    pasted["image_encoders"] = {"cnn": {"size": 16, "augment": False}}
    pasted["training"] = {"epochs": 2, "patience": 2, "batch_tokens": 128}
    report = "results/test/reports/data/my_chronicle.md"
    result = workflow.run(folder, pasted, "results/test/scores.csv", report)
    assert result.status == 0, result.output
    assert "Unusable: 0 (0.0 %)" in (folder / report).read_text(encoding="utf-8")
    assert (folder / report).with_suffix(".crops.png").stat().st_size > 10_000
    splits = read_splits(folder / "results/data/my_chronicle/none")
    groups = [{post.group for post in posts} for posts in splits.values()]
    assert sum(map(len, groups)) == len(set().union(*groups)) == TRAINED, "a page stands in two splits"
    crops = folder / "resources/data/my_chronicle/images"
    named = {name for posts in splits.values() for post in posts for name in post.images}
    assert {str(file.relative_to(crops)) for file in crops.rglob("*.jpg")} == named
    assert workflow.run(folder, pasted, "results/test/scores.csv", "-n").jobs == {}

    run = "results/runs/my_chronicle/none/bilstm+cnn/linear/seed1"
    told = mnerflow(folder, "predict", run, "new_pages", "--format", "label_studio", "--to", "tasks.json")
    assert told.returncode == 0 and "blank image" not in told.stderr, told.stderr
    suggested = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    assert len(suggested) == NEW and all("new_pages/" in task["data"]["image"] for task in suggested)
    marked = {"value": {"start": 0, "end": 3, "labels": ["person"]}, "type": "labels"}
    for number, task in enumerate(suggested):
        task |= {"id": number, "annotations": [{"result": [marked]}]}
    (folder / "new_pages/names.json").write_text(json.dumps(suggested), encoding="utf-8")
    told = mnerflow(folder, "check", "new_pages")
    assert f"entities: person {NEW}" in told.stdout, told.stdout + told.stderr
