"""Every command that a page shows exists, with its options and the files that it names."""

import re
import shlex
from pathlib import Path

import pytest

from mnerflow.cli import parser

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    ROOT / "config/README.md",
    ROOT / "profiles/slurm/README.md",
]
BLOCK = re.compile(r"^```(?:console|bash|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """The commands of a page's blocks, long ones put together, without what they print."""
    blocks = "\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    return re.findall(r"^\$ (.+)$", blocks, re.MULTILINE)


def parts(command: str) -> list[list[str]]:
    """The words of each program that a line runs, without settings of the environment before them."""
    words = shlex.split(command, comments=True)
    programs: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", "|", ";", ">", "<", "||"):
            programs.append([])
        else:
            programs[-1].append(word)
    return [strip(program) for program in programs if program]


def strip(words: list[str]) -> list[str]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    return words


SHOWN = [(page, command) for page in PAGES for command in commands(page)]


def test_pages_show_commands() -> None:
    assert len(SHOWN) > 50


@pytest.mark.parametrize(
    ("page", "command"), SHOWN, ids=[f"{page.name}: {command[:60]}" for page, command in SHOWN]
)
def test_a_command_of_a_page_exists(page: Path, command: str) -> None:
    for program, *words in filter(None, parts(command)):
        name = Path(program).name
        if name == "mnerflow":
            parser().parse_args(words)
        elif name == "make":
            targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert {word for word in words if "=" not in word} <= {*targets}
        elif name == "snakemake":
            files = [word for word in words if re.fullmatch(r"(config|profiles)/\S+|\w+\.smk", word)]
            assert all((ROOT / file).exists() for file in files)
        elif name.startswith("python") and words[:1] not in ([], ["-c"], ["-m"]):
            assert (ROOT / words[0]).exists(), words[0]
