"""The record of a finished run, and the archive that another machine can verify."""

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

from rocrate.rocrate import ROCrate
from snakemake_process import Workflow
from tiny_study import Finished

from mnerflow.files.checksums import sha256
from mnerflow.plan.names import Run
from mnerflow.publishing.archive import write_archive


def test_the_record_names_every_result_as_it_is(finished: Finished, workflow: Workflow):
    crate = ROCrate(finished.study)
    files = {unquote(entity.id): entity for entity in crate.data_entities if "File" in entity.type}
    for name, entity in files.items():
        path = finished.study / name
        assert (entity["sha256"], entity["contentSize"]) == (sha256(path), str(path.stat().st_size)), name
    for folder in ("tables", "plots", "code"):
        made = {
            str(p.relative_to(finished.study))
            for p in (finished.study / folder).rglob("*")
            if p.is_file() and p.name != ".snakemake_timestamp"
        }
        assert made and made <= files.keys()
    assert {"config.yaml", "scores.csv", "report.html", "reports/data/demo.md"} <= files.keys()
    assert crate.mainEntity["programmingLanguage"]["name"] == "Snakemake"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=workflow.root, capture_output=True, text=True)
    assert crate.mainEntity["version"].endswith(f"+{head.stdout.strip()}")
    same = sha256(workflow.root / "envs/requirements.lock")
    assert crate.mainEntity["softwareRequirements"]["sha256"] == same


def test_the_record_has_an_action_a_run(finished: Finished):
    execution, *runs = ROCrate(finished.study).root_dataset["mentions"]
    assert {entity["name"] for entity in execution["object"]} > {"config.yaml", "code/envs/requirements.lock"}
    records = (finished.study / "runs").rglob("run.yaml")
    assert {run["name"] for run in runs} == {f"Run {Run.from_folder(file.parent).path}" for file in records}
    for run in runs:
        for entity in run["object"]:
            if "sha256" in entity:
                assert sha256(finished.folder / entity["name"]) == entity["sha256"]
        made = {Path(file["name"]).name for file in run["result"]}
        assert made >= {"run.yaml", "history.csv", "scores.json", "predictions.jsonl"}
        assert run["startTime"] < run["endTime"] <= execution["endTime"]


def test_another_machine_verifies_the_archive(finished: Finished, tmp_path: Path):
    archive = Path(shutil.move(write_archive(finished.study), tmp_path))
    command = [sys.executable, "-X", "importtime", "-m", "mnerflow.cli", "verify", str(archive)]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0 and " files, all what it lists" in told.stdout
    assert not {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()} & {"torch", "rocrate"}
    subprocess.run(["tar", "xzf", archive], cwd=tmp_path, check=True)
    folder = tmp_path / archive.name.removesuffix(".tar.gz")
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
