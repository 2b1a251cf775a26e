"""Snakemake in a process of its own, started in a folder: what it planned and did there."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


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
    """A copy of the project, from which Snakemake is started."""

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
