"""Every command that a page shows is run by a test, on small stand-ins, or says that it is not."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from checkout import ROOT
from PIL import Image
from snakemake_process import Workflow
from test_own_data import blocks
from test_scanned_pages import draw
from tiny_study import Finished

from mnerflow import cli, doctor

PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    ROOT / "config/README.md",
    ROOT / "profiles/slurm/README.md",
]
BLOCK = re.compile(r"^```(?:console|bash|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"#.*\bnot run by tests: \w")
HERE = "tests/integration"
SLURM = "snakemake --profile profiles/slurm --configfile config/thesis.yaml"
# Trainings and checks that other tests run, on data of seconds.
ELSEWHERE = {
    "make check": ".ci/run",
    "make test": ".ci/run",
    "make rehearse": "tests/rehearsal/test_rehearsal.py",
    "pip install .": "tests/unit/test_packaging.py",
    "snakemake --cores 2": f"{HERE}/test_workflow.py",
    "snakemake --cores 2 --configfile mine.yaml": f"{HERE}/test_extending.py",
    "snakemake --cores 2 --configfile mine.yaml -n": f"{HERE}/test_extending.py",
    "snakemake --cores 2 --configfile chronicle.yaml": f"{HERE}/test_own_data.py",
    "snakemake --cores 2 --configfile diary.yaml": f"{HERE}/test_own_texts.py",
    "snakemake --cores 2 --configfile pages.yaml": f"{HERE}/test_scanned_pages.py",
    "snakemake -s contexts.smk --cores 2 --configfile chronicle.yaml": f"{HERE}/test_ask_contexts.py",
    "snakemake -n --configfile config/thesis.yaml": f"{HERE}/test_workflow.py",
    f"{SLURM} -n": f"{HERE}/test_slurm_profile.py",
}
# What a page shows as an example of a mistake ends with status 1.
REFUSED = {("pages.md", "mnerflow check chronicle"), ("own_texts.md", "mnerflow check diary")}
# Of what a page names, that which is different here.
STAND_INS = {
    "<study>": "default",
    "<commit>": "*[0-9a-f]",
    " RUN ": " results/runs/demo/none/bilstm+cnn/linear/seed1 ",
    "--best my_chronicle": "--best demo",
    "--best my_tagged": "--best demo",
}
ALIASES = ("demo/none/minilm+none/text_only/seed1", "twitter2017/none/minilm+none/text_only+crf/seed1")


def commands(page: Path) -> list[str]:
    """The commands of a page, long ones put together. A line that is a mark holds to the end of its block."""
    shown = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        mark = ""
        for line in block.replace("\\\n", " ").splitlines():
            mark = f" {line}" if NOT_RUN.match(line) else mark
            shown += [line.removeprefix("$ ") + mark] if line.startswith("$ ") else []
    return shown


def without_comment(command: str) -> str:
    return re.sub(r"\s+#.*", "", command)


def unmarked(page: Path) -> list[str]:
    """The commands of a page that are to be run here."""
    shown = [without_comment(command) for command in commands(page) if not NOT_RUN.search(command)]
    return [command for command in shown if command not in ELSEWHERE]


SHOWN = {without_comment(command) for page in PAGES for command in commands(page)}


@pytest.fixture
def house(finished: Finished, workflow: Workflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that the pages name: trained runs, texts, scanned pages, pictures."""
    house = tmp_path / "house"
    shutil.copytree(finished.folder, house, symlinks=True)
    for name in ("config", "config.yaml"):
        (house / name).symlink_to(ROOT / name)
    (house / ".venv").symlink_to(sys.prefix)
    (house / "results/test").rename(house / "results/default")
    runs = house / "results/runs"
    for alias in ALIASES:
        shutil.copytree(runs / "demo/none/bilstm+none/text_only/seed1", runs / alias)
    pictures = house / "resources/data/demo/images"
    for name in ("test-00007.png", "test-00011.png"):
        if not (pictures / name).exists():
            shutil.copy(next(pictures.glob("*.png")), pictures / name)
    for folder in ("chronicle", "diary", "tagged", "new_pages"):
        (house / folder).mkdir()
    (house / "diary/001.txt").write_text("Ann sings in Rome.", encoding="utf-8")
    tagged = {"text": "Ann sings.", "ner": [{"start": 0, "end": 3, "labels": ["PER"]}]}
    tasks = [tagged | {"page_name": str(number)} for number in range(30)]
    (house / "tagged/train.json").write_text(json.dumps(tasks), encoding="utf-8")
    draw(house / "new_pages", 1)
    monkeypatch.chdir(house)
    monkeypatch.setattr(doctor, "_reached", lambda host: "")
    return house


def fill(chronicle: Path, page: Path) -> None:
    """The folder that two pages call ``chronicle``: posts with pictures, or scanned pages."""
    if page.name != "data.md":
        draw(chronicle, 2)
        return
    for split, posts in zip(("train", "dev", "test"), blocks("json"), strict=True):
        (chronicle / f"{split}.jsonl").write_text(posts, encoding="utf-8")
    (chronicle / "images").mkdir()
    for name in ("bridge.png", "school.png"):
        Image.new("RGB", (32, 32)).save(chronicle / "images" / name)


@contextmanager
def served(words: list[str]) -> Iterator[None]:
    """``mnerflow app`` in the background, once it answers."""
    command = [sys.executable, "-m", "mnerflow.cli", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert "Ctrl-C ends" in process.stderr.readline()
            yield
        finally:
            process.terminate()


@pytest.mark.parametrize("page", [*filter(unmarked, PAGES)], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_shown_command_runs_or_says_that_it_is_not_run(
    page: Path, house: Path, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(house / "chronicle", page)
    stand_ins = STAND_INS | {"<address of the repository>": str(workflow.root)}
    with ExitStack() as background:
        for shown in unmarked(page):
            command = shown
            for name, stand_in in stand_ins.items():
                command = command.replace(name, stand_in)
            if setting := re.fullmatch(r"([A-Z]+)=(\S+)", command):
                monkeypatch.setenv(*setting.groups())
                continue
            program, *words = shlex.split(os.path.expandvars(command))
            assert program not in ("make", "snakemake", "pip"), f"run it in a test, or mark it: {shown}"
            if [program, *words[:1]] == ["mnerflow", "app"]:
                background.enter_context(served(words))
            elif program == "mnerflow":
                assert cli.main([*map(found, words)]) == ((page.name, shown) in REFUSED), shown
            else:
                subprocess.run(["bash", "-euc", command], check=True)


def found(word: str) -> str:
    """A pattern of the shell as the file that it finds."""
    return str(next(Path().glob(word))) if "*" in word else word


@pytest.mark.parametrize(("command", "test"), ELSEWHERE.items())
def test_what_runs_elsewhere_is_shown_and_its_test_is_there(command: str, test: str) -> None:
    assert command in SHOWN and (ROOT / test).exists()
