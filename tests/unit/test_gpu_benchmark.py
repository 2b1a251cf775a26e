"""The benchmark for a GPU runs as a whole before somebody rents one."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mnerflow.compute.device import device

SCRIPT = Path(__file__).parents[2] / "benchmarks/gpu.py"


def test_a_rehearsal_writes_every_row(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--rehearse", "--out", str(tmp_path / "rows.csv")]
    done = subprocess.run(
        command, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 9 and all("a rehearsal" in row["against"] for row in rows)
    assert {row["holds"] for row in rows if "same bytes" in row["name"]} == {"yes"}


@pytest.mark.skipif(device().type == "cuda", reason="there is a GPU")
def test_without_a_gpu_it_says_so() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("benchmarks/gpu.py measures a GPU, and PyTorch sees none here.")
    assert done.stderr.count("\n") == 1
