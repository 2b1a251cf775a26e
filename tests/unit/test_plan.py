"""The plan: what a configuration asks for, in milliseconds, and what each part of it reads."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_grid import ROOT, load

from mnerflow.errors import UserError
from mnerflow.files.writing import write_text
from mnerflow.plan.names import Run
from mnerflow.plan.patterns import one_of
from mnerflow.plan.plan import Plan
from mnerflow.plan.study import study_name

PROMPT = ROOT / "config/prompt.md"
BLOCK = {
    "datasets": ["demo", "demo_control"],
    "filters": ["none", "nonword"],
    "text_encoders": ["minilm"],
    "image_encoders": ["cnn", "vit_base"],
    "fusions": ["text_only", "linear"],
    "variants": ["base", "begun"],
    "seeds": [1],
}
BEGUN = {"init_from": {"dataset": "twitter2017", "fusion": "text_only", "variant": "base"}}
LINEAR = Run("demo", "nonword", "minilm", "vit_base", "linear", 1, variant="begun")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    frozen = {"kind": "timm", "size": 224, "frozen": True, "source": "timm/vit", "options": {"model": "vit"}}
    config = load() | {"name": "default", "grid": [dict(BLOCK)]}
    config["variants"]["begun"] = BEGUN
    config["image_encoders"]["vit_base"] = frozen
    return config


def test_a_plan_is_made_in_milliseconds_and_without_torch(config: dict[str, Any]) -> None:
    config["grid"][0] |= {"seeds": [*range(50)], "variants": ["base"]}
    start = time.process_time()
    plan = Plan(config, PROMPT)
    assert len(plan.runs) == 2 * 2 * 3 * 50 and time.process_time() - start < 0.5
    loaded = (
        "import sys, mnerflow.plan.plan; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", loaded]).returncode == 0


def test_a_published_run_is_trained_if_one_that_is_tuned_starts_from_it(config, monkeypatch) -> None:
    block = {"datasets": ["twitter2017"], "text_encoders": ["minilm"], "fusions": ["text_only"], "seeds": [1]}
    tuned = {"dataset": "demo", "text_encoder": "minilm", "fusion": "text_only", "seeds": [1]}
    tuned |= {"variant": "begun", "search": {"learning_rate.text": [1e-4]}}
    config |= {"grid": [block], "published": "published"}
    monkeypatch.setattr("mnerflow.plan.plan.is_published", lambda *given: True)
    [run] = Plan(config, PROMPT).runs
    assert Plan(config, PROMPT).published == {run} and Plan(config, PROMPT).trained == set()
    plan = Plan(config | {"tuning": [tuned]}, PROMPT)
    assert plan.published == set() and plan.trained == {run, *plan.tried}


def test_what_a_run_reads(config: dict[str, Any]) -> None:
    plan = Plan(config, PROMPT)
    assert LINEAR in plan.runs
    assert plan.weights("minilm", "cnn") == ["resources/weights/minilm"]
    assert plan.images("demo", "none") == {}
    assert plan.reads(LINEAR) == {
        "weights": ["resources/weights/minilm", "resources/weights/vit_base"],
        "images": "results/images/demo/224/images.npy",
        "features": "results/features/demo/vit_base.npy",
    }
    assert plan.start(LINEAR) == {
        "start": ["results/runs/twitter2017/nonword/minilm+none/text_only/seed1/model.safetensors"],
        "leaks": ["results/reports/leaks/twitter2017/demo/linear+begun.csv"],
    }
    assert plan.modules(LINEAR) == [
        *("mnerflow.models.fusions.linear", "mnerflow.models.decoders.softmax"),
        *("mnerflow.models.text_encoders.transformer", "mnerflow.models.image_encoders.timm"),
    ]
    assert plan.filtered_data == [
        f"{data}/{name}" for data in ("demo", "demo_control") for name in ("none", "nonword")
    ]


def test_a_checkpoint_s_time_is_no_reason_to_train_anew(config: dict[str, Any]) -> None:
    before = Plan(config, PROMPT)
    config["training"]["checkpoint_seconds"] = 7
    after = Plan(config, PROMPT)
    assert after.values(LINEAR) == before.values(LINEAR)
    assert after.settings(LINEAR)["training"]["checkpoint_seconds"] == 7


def test_runs_are_scored_by_text_encoders(config: dict[str, Any]) -> None:
    found = Plan(config, PROMPT).runs_by_text_encoder
    assert len(found) == 2 * 2 and sum(map(len, found.values())) == 2 * 2 * 3 * 2
    images = {"cnn": "linear", "none": "text_only", "vit_base": "linear"}
    assert found["demo", "nonword", "minilm"] == [
        Run("demo", "nonword", "minilm", image, fusion, 1, variant=name)
        for image, fusion in images.items()
        for name in ("base", "begun")
    ]


def test_runs_that_are_not_finished_are_left_out_where_that_is_asked_for(config: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="no run of the grid is finished yet"):
        Plan(config | {"finished_only": True}, PROMPT)


def test_what_posts_and_images_are_read_from(config: dict[str, Any]) -> None:
    data = Plan(config, PROMPT).data
    assert data.folder("demo") == "resources/data/demo" and "demo" in data.generated
    assert data.raw_files("twitter2017") == [
        f"resources/data/twitter2017/{name}" for name in config["datasets"]["twitter2017"]["files"]
    ]
    assert data.image_folder("twitter10000_thesis") == "resources/data/twitter10000/images"
    assert data.image_source("twitter10000_thesis") == ["resources/data/twitter10000/images"]
    assert data.user_images("demo") is None
    assert data.about("demo").keys() <= {"title", "language", "licence", "citation", "homepage"}


def test_data_sets_that_leave_out_each_other_s_posts_are_refused(config: dict[str, Any]) -> None:
    config["datasets"]["demo"]["without"] = ["demo_control"]
    Plan(config, PROMPT)
    config["datasets"]["demo_control"]["without"] = ["twitter2017", "demo"]
    with pytest.raises(UserError, match=r"datasets: demo.*: by `without`.* Break the circle"):
        Plan(config, PROMPT)


def test_a_damaged_record_of_a_context_is_reported_by_the_plan(config: dict[str, Any]) -> None:
    config["datasets"]["twitter2017"]["contexts"] = {"about": {"asked": "about"}}
    assert Plan(config, PROMPT).kinds["twitter2017"].contexts_from_text == ()
    write_text("resources/data/twitter2017/contexts/about.yaml", "config: {reads: [text]}")
    with pytest.raises(UserError, match=r"about\.yaml: no record of an asked context .* Delete it\. `snake"):
        Plan(config, PROMPT)


@pytest.mark.parametrize(
    ("given", "files", "name"),
    [
        (None, [], "default"),
        (None, ["config/study.yaml"], "study"),
        (None, ["config/study.yaml", Path("/home/me/mine.v2.yaml")], "mine.v2"),
        ("ours", ["config/study.yaml"], "ours"),
    ],
)
def test_a_study_is_called_as_its_configuration(given: str | None, files: list[Path], name: str) -> None:
    assert study_name(given, files) == name


def test_every_study_of_ours_has_a_folder_of_its_own() -> None:
    files = [file for file in (ROOT / "config").glob("*.yaml") if file.stem != "datasets"]
    names = [study_name(yaml.safe_load(file.read_text()).get("name"), [file]) for file in files]
    assert len({*names, "default"}) == len(files) + 1


@pytest.mark.parametrize(
    ("given", "files"), [("runs", []), ("a/b", []), (None, ["data.yaml"]), (None, ["a b.yaml"])]
)
def test_names_that_no_study_can_have(given: str | None, files: list[str]) -> None:
    with pytest.raises(UserError, match="as `name: mine` in it"):
        study_name(given, files)


def test_a_split_may_be_a_folder_whose_files_are_read(config: dict[str, Any], tmp_path: Path) -> None:
    for name in ("train/a.txt", "train/a.ann", "train/annotation.conf", "dev.txt", "dev.ann"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    splits = {"train": ["train"], "dev": ["dev.ann"]}
    entry = {"folder": str(tmp_path), "format": "brat", "types": ["PER"], "splits": splits}
    config = config | {
        "datasets": config["datasets"] | {"own": entry},
        "grid": [{"datasets": ["own"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]}],
    }
    found = Plan(config, PROMPT).data.raw_files("own")
    assert found == [f"{tmp_path}/{name}" for name in ("dev.ann", "dev.txt", "train/a.ann", "train/a.txt")]
    entry["splits"] = {"train": ["trian"]}
    with pytest.raises(UserError, match="trian: no such file"):
        Plan(config, PROMPT)


def test_a_pattern_matches_exactly_its_names_and_writes_once_what_begins_alike():
    names = ["min", "minilm", "minilm2", "mpnet", "a+b", "a.b"]
    pattern = re.compile(one_of(reversed(names)))
    assert all(pattern.fullmatch(name) for name in names)
    assert not any(pattern.fullmatch(name) for name in ("", "mini", "minilm22", "axb", "aab", "mpne"))
    assert not re.fullmatch(one_of([]), "")
    paths = [f"demo/none/text{number:04d}+cnn/linear/seed1" for number in range(1000)]
    assert one_of(paths).count("demo") == 1
