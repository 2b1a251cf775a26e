"""config/thesis.yaml and config/twitter_photos.yaml run whole, with stand-ins for the files that they fetch.

The registry's addresses, formats, splits and layouts are as they are; only checksums are others, and each set
has a caution. What else is changed stands in rehearsal.yaml, and in the grids here: one seed, and, of the
thesis, all combinations on Twitter10000 as it read it, those of its table on MNER-MI, and two on other sets.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from stand_in_data import UNUSABLE, write_data
from stand_in_weights import write_weights

from mnerflow.files.checksums import sha256

ROOT = Path(__file__).parents[2]
CAUTION = (
    "A stand-in: its texts and images are drawn, the pretrained weights random, and no score means anything."
)
DATASETS = ["twitter10000_thesis", "twitter10000", "mner_mi", "twitter2015", "twitter2017", "poner_scans"]
FUSED = {"fusions": ["linear", "cross_attention", "partial_prediction"], "seeds": [1]}
THESIS_GRID = [
    {
        "datasets": DATASETS[:1],
        "text_encoders": ["bert", "llama", "bilstm"],
        "image_encoders": ["vit_base", "alexnet"],
        "fusions": ["text_only", "image_only", *FUSED["fusions"]],
        "seeds": [1],
    },
    {
        "datasets": ["mner_mi"],
        "text_encoders": ["bert", "llama"],
        "image_encoders": ["vit_base", "alexnet"],
        **FUSED,
    },
    {
        "datasets": DATASETS[1:2] + DATASETS[3:],
        "text_encoders": ["bert"],
        "image_encoders": ["vit_base"],
        "fusions": ["text_only", "linear"],
        "seeds": [1],
    },
]
PHOTOS_GRID = [
    block | {"seeds": [1]}
    for block in yaml.safe_load((ROOT / "config/twitter_photos.yaml").read_text(encoding="utf-8"))["grid"]
]


@pytest.fixture(scope="module")
def mirrors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stand-ins, `data` and `weights`."""
    folder = tmp_path_factory.mktemp("mirrors")
    write_data(folder / "data")
    write_weights(folder / "weights")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where both configurations run, which share data, as they do in a checkout."""
    return tmp_path_factory.mktemp("rehearsal")


def stand_ins(mirror: Path) -> dict[str, dict[str, Any]]:
    """What lies over the registry: checksums of the stand-ins, and what they are."""
    registry = yaml.safe_load((ROOT / "config/datasets.yaml").read_text(encoding="utf-8"))["datasets"]
    entries = {}
    for name in DATASETS:
        files = registry[name].get("files", {})
        sums = {file: {"sha256": sha256(mirror / known["mirror"])} for file, known in files.items()}
        entries[name] = {"caution": CAUTION, "pictures": "drawings"} | ({"files": sums} if sums else {})
    return entries


def rehearse(config: str, grid: list[dict[str, Any]], mirrors: Path, place: Path) -> Path:
    """Run a configuration to its end; returns the folder of its study."""
    over = {"datasets": stand_ins(mirrors / "data"), "grid": grid, "name": config}
    over |= {"mirror": str(mirrors / "data"), "weights_mirror": str(mirrors / "weights")}
    file = place / f"{config}.yaml"
    file.write_text(yaml.safe_dump(over), encoding="utf-8")
    layers = [ROOT / f"config/{config}.yaml", Path(__file__).with_name("rehearsal.yaml"), file]
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", place]
    command += ["--cores", "2", "--configfile", *layers]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-15000:]
    assert "A stand-in" in done.stdout + done.stderr
    return place / "results" / config


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def check_study(study: Path, datasets: list[str]) -> None:
    """All is there, says what it is about, and lists the broken images."""
    for name in ("tables/grid.tex", "tables/does_it_help.csv", "tables/errors.md", "ro-crate-metadata.json"):
        assert (study / name).stat().st_size, name
    assert len([*study.glob("plots/**/*.svg")]) > 3
    assert "A stand-in" in (study / "report.html").read_text(encoding="utf-8")
    for dataset in datasets:
        report = (study / f"reports/data/{dataset}.md").read_text(encoding="utf-8")
        assert CAUTION in report
        if not dataset.startswith(("poner", "twitter10000")):
            assert f"Unusable: {UNUSABLE} (" in report, report


def test_the_thesis(mirrors: Path, place: Path) -> None:
    study = rehearse("thesis", THESIS_GRID, mirrors, place)
    check_study(study, DATASETS)
    table = rows(study / "tables/thesis.csv")
    filled = [row for row in table if row["subword_macro_f1_mean"]]
    assert {row["thesis_system"] for row in table} - {row["thesis_system"] for row in filled} == {
        "zero-shot, GPT-4o-mini"
    }
    assert all(CAUTION in row["note"] for row in filled)
    assert {row["dataset"] for row in filled} == {*DATASETS}


def test_photos_of_tweets(mirrors: Path, place: Path) -> None:
    study = rehearse("twitter_photos", PHOTOS_GRID, mirrors, place)
    check_study(study, ["twitter2015", "twitter2017"])
    assert len(rows(study / "tables/grid.csv")) == 2 * (2 * 5 + 2 + 2)
