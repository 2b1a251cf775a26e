"""How `make` fills .venv, with a stand-in for Python, pip and uv that writes down what it is asked for."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAND_IN = f"""#!{sys.executable}
import json, os, re, shutil, sys
from pathlib import Path

said = sys.argv[1:]
if said[:2] == ["-m", "venv"]:
    Path(".venv/bin").mkdir(parents=True)
    for name in ("python", "uv"):
        shutil.copy(sys.argv[0], Path(".venv/bin", name))
elif said[:3] == ["-m", "pip", "config"]:
    print(os.environ["TOLD_PIP"])
else:
    packages = re.findall(r"^([a-z0-9-]+)==", Path(said[-1]).read_text(), re.M) if "-r" in said else []
    with Path("calls").open("a") as calls:
        print(json.dumps([Path(sys.argv[0]).name, said, packages]), file=calls)
sys.exit(bool(re.search(os.environ["FAILS"], " ".join([Path(sys.argv[0]).name, *said]))))
"""
LOCK = (ROOT / "envs/requirements.lock").read_text(encoding="utf-8")
LOCKED = re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE)


@dataclass
class Installed:
    status: int
    said: str
    calls: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    def by(self, tool: str, word: str) -> list[tuple[list[str], list[str]]]:
        """What the tool was asked for with this word, and the packages in the file that it was given."""
        return [(said, packages) for name, said, packages in self.calls if name == tool and word in said]


def install(
    folder: Path, fails: str = "(?!)", told_pip: str = "global.timeout='60'", **settings: str
) -> Installed:
    (folder / "envs").mkdir()
    for name in ("install.sh", "requirements.lock"):
        shutil.copy(ROOT / "envs" / name, folder / "envs")
    python = folder / "python"
    python.write_text(STAND_IN, encoding="utf-8")
    python.chmod(0o755)
    environment = (
        os.environ | {"PYTHON": str(python), "FAILS": fails, "TOLD_PIP": told_pip, "TORCH": ""} | settings
    )
    done = subprocess.run(
        [folder / "envs/install.sh"], env=environment, capture_output=True, text=True, check=False
    )
    assert not list(folder.glob(".venv/install.*")), "what was needed in between is left"
    calls = (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []
    return Installed(done.returncode, done.stdout + done.stderr, [tuple(json.loads(call)) for call in calls])


def test_uv_installs_the_lock_with_its_hashes(tmp_path: Path):
    done = install(tmp_path)
    assert done.status == 0
    [(said, packages)] = done.by("uv", "install")
    assert packages == LOCKED and {"--require-hashes", "--no-deps"} <= {*said}
    first, last = done.by("python", "install")
    assert first[1] == ["uv"] and "--require-hashes" in first[0]
    assert last[0][-2:] == ["--editable", "."]


@pytest.mark.parametrize("told", ["", "1"])
def test_packages_are_compiled_where_python_keeps_nothing_that_it_compiled(told: str, tmp_path: Path):
    done = install(tmp_path, PYTHONDONTWRITEBYTECODE=told)
    [(said, packages)] = done.by("uv", "install")
    assert done.status == 0 and packages == LOCKED
    assert ("--compile-bytecode" in said) == bool(told)


@pytest.mark.parametrize(
    "settings",
    [{"fails": "^uv "}, {"fails": r"uv\.lock$"}, {"told_pip": "global.index-url='https://mirror'"}],
    ids=["uv fails", "there is no uv", "pip has a mirror"],
)
def test_pip_installs_it_where_uv_cannot(settings: dict[str, str], tmp_path: Path):
    done = install(tmp_path, **settings)
    assert done.status == 0
    [whole] = [(said, packages) for said, packages in done.by("python", "install") if len(packages) > 1]
    assert whole[1] == LOCKED and "--require-hashes" in whole[0]
    assert bool(done.by("uv", "install")) == (settings.get("fails") == "^uv ")


def test_without_cuda_pytorch_comes_from_its_own_index_and_the_rest_from_the_lock(tmp_path: Path):
    done = install(tmp_path, TORCH="cpu")
    assert done.status == 0
    pinned = set(re.findall(r"^(?:torch|torchvision)==[^ ]+", LOCK, re.MULTILINE))
    asked = done.by("python", "--index-url")[0][0]
    assert {each for each in asked if "==" in each} == pinned and len(pinned) == 2
    assert asked[asked.index("--index-url") + 1] == "https://download.pytorch.org/whl/cpu"
    [(said, packages)] = done.by("uv", "install")
    left_out = {*LOCKED} - {*packages}
    assert "--require-hashes" in said and {"torch", "torchvision", "triton"} < left_out
    assert all(name.startswith(("torch", "triton", "nvidia-", "cuda-")) for name in left_out)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"TORCH": "gpu"}, "TORCH=gpu: say TORCH=cpu"),
        ({"fails": "^python -c "}, "mnerflow needs Python 3.11 or newer"),
        ({"fails": "^python -m venv"}, "apt install python3-venv"),
        ({"fails": "--index-url", "TORCH": "cpu"}, "PyTorch's index gave no PyTorch without CUDA"),
        ({"fails": "requirements.lock$"}, ""),
        ({"fails": "--editable"}, ""),
    ],
)
def test_what_fails_ends_the_installation(settings: dict[str, str], message: str, tmp_path: Path):
    done = install(tmp_path, **settings)
    assert done.status != 0 and message in done.said


def test_make_installs_once_and_marks_it_last(tmp_path: Path):
    (tmp_path / "envs").mkdir()
    for name in ("Makefile", "pyproject.toml", "envs/requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    script = tmp_path / "envs/install.sh"
    make = ["make", "-C", tmp_path, ".venv/installed", "PYTHON=python9", "TORCH=cpu"]
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    assert subprocess.run(make, capture_output=True, check=False).returncode != 0
    assert not (tmp_path / ".venv/installed").exists()
    script.write_text('#!/bin/sh\nmkdir -p .venv && echo "$PYTHON $TORCH" >> .venv/asked_for\n')
    for _ in range(2):
        subprocess.run(make, capture_output=True, check=True)
    assert (tmp_path / ".venv/asked_for").read_text() == "python9 cpu\n"
