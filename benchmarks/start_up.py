"""How long jobs take before they do any work, and how long a grid takes to plan.

    python benchmarks/start_up.py [--runs 5] [--out results/benchmarks.csv]

Medians over new processes: importing what training needs, loading an encoder, importing what a job that
writes a table needs, and ``snakemake -n`` for a grid of 1,000 runs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from rows import Row, add_rows
from script import at_least, execute
from training import minilm

ROOT = Path(__file__).parents[1]
TRAINING = "import mnerflow.training.run, mnerflow.models.text_encoders.{}"
LOADING = """
from pathlib import Path
import mnerflow.training.run
from mnerflow.models.text_encoders.transformer import Config, Transformer
Transformer.create(Config(), Path("{}"), [])
"""
TABLES = "import mnerflow.reporting.summary, mnerflow.reporting.thesis"


def seconds(command: list[str], folder: Path, runs: int) -> float:
    """Median wall-clock time of a command."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=at_least(1), default=5)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks.csv"))
    arguments = parser.parse_args()
    grid: dict[str, list[Any]] = {"datasets": ["demo"], "text_encoders": ["bilstm"]}
    grid |= {"image_encoders": ["cnn"], "fusions": ["linear", "cross_attention"]}
    grid["seeds"] = list(range(1, 501))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "grid.yaml").write_text(yaml.safe_dump({"grid": [grid]}), encoding="utf-8")
        plan = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "1", "-n"]
        plan += ["--quiet", "all", "--configfile", "grid.yaml"]

        def imports(code: str) -> float:
            return seconds([sys.executable, "-c", code], folder, arguments.runs)

        rows = [
            Row("start-up: imports of a job that writes a table", imports(TABLES), "s"),
            Row("start-up: imports of training a BiLSTM", imports(TRAINING.format("bilstm")), "s"),
            Row("start-up: imports of training a transformer", imports(TRAINING.format("transformer")), "s"),
            Row(
                "start-up: imports of training a language model",
                imports(TRAINING.format("language_model")),
                "s",
            ),
            Row("start-up: imports and loading MiniLM", imports(LOADING.format(minilm())), "s"),
            Row("planning 1,000 runs", seconds(plan, folder, arguments.runs), "s", "<= 20", "snakemake -n"),
        ]
    add_rows(rows, arguments.out)


if __name__ == "__main__":
    execute(main)
