"""The tiny study of the integration tests: its configuration, and the folder in which it has run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from checkout import ROOT
from snakemake_process import Result


def tiny_config() -> dict[str, Any]:
    """The configuration, which a test may change."""
    return yaml.safe_load((ROOT / "tests/integration/tiny.yaml").read_text(encoding="utf-8"))


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
