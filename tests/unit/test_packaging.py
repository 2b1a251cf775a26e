"""The library as it is installed elsewhere: complete, and of use without the extras."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout import ROOT, copy_parts

from mnerflow import __version__

NAME = re.compile(r"[\w.-]+")  # of a package, without its extras and versions
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "envs", "src")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which a wheel was installed that was built from a checkout without git."""
    checkout, wheels, target = (tmp_path_factory.mktemp(name) for name in ("checkout", "wheels", "target"))
    copy_parts(BUILT_FROM, checkout)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(checkout)]
    subprocess.run(build, check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(wheel)], check=True)
    return target


def test_one_version_is_told_everywhere():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version, date = re.search(r"^## (\d\S+) - (\S+)$", changes, re.MULTILINE).groups()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["date-released"]) == (version, date)
    assert version == __version__


def test_a_commit_is_checked_as_make_check_does():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [checks] = re.findall(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    entries = [hook["entry"] for hook in repository["hooks"]]
    *commands, sentences = checks.replace("\\\n", "").strip().split("\n")
    assert [command.strip() for command in commands] == entries[:-1]
    assert sentences.strip().startswith(entries[-1])


def files(package: Path) -> set[str]:
    found = (file.relative_to(package) for file in package.rglob("*") if file.is_file())
    return {str(file) for file in found if "__pycache__" not in file.parts}


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        cwd=installed.parent,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wheel_holds_every_file_of_the_library(installed: Path):
    assert files(installed / "mnerflow") == files(ROOT / "src/mnerflow")
    assert (installed / "mnerflow/py.typed").exists()


def test_what_it_depends_on_is_what_the_environment_is_locked_from(installed: Path):
    folder = ROOT / "envs/requirements"
    lines = (line for file in folder.glob("*.in") for line in file.read_text(encoding="utf-8").splitlines())
    metadata = next(installed.glob("*.dist-info/METADATA")).read_text(encoding="utf-8")
    wanted = {NAME.match(line)[0] for line in re.findall(r"^Requires-Dist: (.+)", metadata, re.MULTILINE)}
    assert wanted == {NAME.match(line)[0] for line in lines if not line.startswith("#")}
    locked = (ROOT / "envs/requirements.in").read_text(encoding="utf-8")
    included = re.findall(r"^-r requirements/(.+)$", locked, re.MULTILINE)
    assert {*included, "parquet.in"} == {file.name for file in folder.iterdir()}


def test_its_command_runs_from_there(installed: Path):
    shown = run(installed, sys.executable, str(installed / "bin/mnerflow"), "--help")
    assert shown.returncode == 0 and "find names in new texts" in shown.stdout, shown.stderr
    asked = "import mnerflow; print(mnerflow.__file__, mnerflow.__version__)"
    place, version = run(installed, sys.executable, "-c", asked).stdout.split()
    assert Path(place).is_relative_to(installed) and version == __version__
    refused = run(installed, sys.executable, str(installed / "bin/mnerflow"), "doctor")
    assert refused.returncode == 1 and "this mnerflow is the library alone" in refused.stderr


WITHOUT_EXTRAS = """\
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from mnerflow import Predictor
from mnerflow.cli import main
from mnerflow.registry import load, names_in
import mnerflow.training.run
formats = [load("data.formats", name, "format") for name in names_in("data.formats")]
sys.exit(main(["app", "results/runs/a"]))
"""
ABSENT = {
    *("fastapi", "uvicorn", "nltk", "sentencex", "snowballstemmer", "bitsandbytes", "gguf", "onnx"),
    *("onnxruntime", "openai", "snakemake", "matplotlib", "itables", "rocrate"),
}


def test_without_extras_names_are_found_and_what_needs_one_names_it(installed: Path):
    said = run(installed, sys.executable, "-c", WITHOUT_EXTRAS.format(absent=ABSENT))
    assert said.returncode == 1
    assert "is not installed; it comes with mnerflow's extra `app`" in said.stderr, said.stderr
