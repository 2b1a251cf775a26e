"""A benchmark says at once, and in a sentence, that a folder or a file is not there."""

import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
CODE = {file.stem: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.py"))}
BENCHMARKS = [name for name, code in CODE.items() if "__main__" in code]
READS = re.compile(r'"(\S+)", type=existing')
READ = [(name, option) for name, code in CODE.items() for option in READS.findall(code)]
WRITTEN = {"--out", "--folder", "--only"}


def ended(module: ModuleType, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The sentence in which a benchmark ends."""
    monkeypatch.setattr(sys, "argv", [module.__file__, *arguments])
    with pytest.raises(SystemExit) as end:
        module.execute(module.main)
    return str(end.value)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_is_run_alike(name: str) -> None:
    assert CODE[name].endswith('if __name__ == "__main__":\n    execute(main)\n')
    assert {*re.findall(r'"(\S+)", type=Path', CODE[name])} <= WRITTEN


def test_a_count_of_nothing_is_refused(monkeypatch, capsys):
    module = import_module("operations")
    for given in ("0", "-1", "nan", "1.5"):
        monkeypatch.setattr(sys, "argv", ["operations.py", "--steps", given])
        with pytest.raises(SystemExit):
            module.execute(module.main)
        said = f"argument --steps: {given!r} cannot be taken. Give a whole number from 2 on.\n"
        assert capsys.readouterr().err.endswith(said)
    assert not [name for name, code in CODE.items() if re.search(r"type=(int|float)\b", code)]


@pytest.mark.parametrize(("name", "option"), READ)
def test_a_folder_that_is_not_there_is_named(name: str, option: str, monkeypatch, tmp_path: Path) -> None:
    place = str(tmp_path / "nowhere")
    said = ended(import_module(name), [option, place] if option.startswith("-") else [place], monkeypatch)
    assert said == f"{name}.py: {place}: no such folder. Name one that is there."


def test_a_folder_without_what_is_read_is_named(monkeypatch, tmp_path: Path) -> None:
    said = ended(import_module("prepare"), ["--mirror", str(tmp_path)], monkeypatch)
    missing = f"{tmp_path}/twitter2015/train.txt: no such file. Put it there, or correct the path."
    assert said == f"prepare.py: {missing}"
    for name, arguments in (("intervals", ["--counts"]), ("verdicts", [])):
        said = ended(import_module(name), [*arguments, str(tmp_path)], monkeypatch)
        assert said.startswith(f"{name}.py: {tmp_path}: no counts of runs. ")
