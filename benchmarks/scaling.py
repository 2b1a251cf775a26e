"""How planning, scoring, tables, plots and the report grow with the number of runs.

    python benchmarks/scaling.py [--runs 10 100 1000 10000] [--folder DIR] [--plan-only]

For each size, the script plans the grid with nothing done, and makes the demo sets. It writes what the
training runs would have left: synthesized predictions that are wrong at random, in the format of the real
files. Then the real workflow scores, tabulates, draws and reports on two cores. The script appends one row
per size and stage to ``docs/scaling.csv``; ``benchmarks/draw_scaling.py`` draws them.
"""

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import yaml
from script import at_least, execute

from mnerflow.conditions import TRUE, Condition, conditions_of
from mnerflow.data.post import SPLITS, Post, read_posts
from mnerflow.data.tags import tag_list
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import PREDICTIONS, Prediction
from mnerflow.files.writing import write_text
from mnerflow.plan.grid import expand
from mnerflow.plan.names import Run
from mnerflow.plan.settings import images_read, merge, run_config, sources
from mnerflow.plan.variants import sources_of
from mnerflow.record import RECORD, TrainingRecord

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs/scaling.csv"
COLUMNS = ("runs", "stage", "jobs", "wall_seconds", "processor_seconds", "peak_mib")
SEEDS = 5
VARIANTS = 40  # versions of each post's tags, from which a run takes one at random
EPOCHS = 8


def grid_config(runs: int) -> dict[str, Any]:
    """A grid of ``runs`` runs: 5 seeds, two data sets, two image encoders, and enough text encoders.

    A text encoder has one text-only run, and two fusions with each image encoder.
    """
    seeds = SEEDS if runs >= 50 else 1
    datasets = ["demo", "demo_control"]
    texts = [f"text{number:03d}" for number in range(runs // (seeds * len(datasets) * 5))]
    return {
        "text_encoders": {name: {"kind": "bilstm"} for name in texts},
        "grid": [
            {
                "datasets": datasets,
                "text_encoders": texts,
                "image_encoders": ["cnn", "vit"],
                "fusions": ["text_only", "linear", "cross_attention"],
                "seeds": list(range(1, seeds + 1)),
            }
        ],
    }


def whole_config(file: Path) -> dict[str, Any]:
    """The configuration as the Snakefile merges it."""
    config: dict[str, Any] = {}
    for part in (ROOT / "config/datasets.yaml", ROOT / "config.yaml", file):
        config = merge(config, yaml.safe_load(part.read_text(encoding="utf-8")))
    return config


def snakemake(folder: Path, *arguments: str) -> dict[str, float]:
    """Run Snakemake in ``folder``: wall and processor seconds with its jobs, and Snakemake's own peak MiB."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", str(folder / "grid.yaml"), "--cores", "2"]
    start, log = time.monotonic(), folder / "snakemake.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=folder,
            stdout=out,
            stderr=out,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"snakemake failed:\n{log.read_text()[-2000:]}")
    return {
        "wall_seconds": time.monotonic() - start,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
    }


def synthesize(folder: Path, config: dict[str, Any]) -> None:
    """Write what training and prediction of all runs would have left, below ``folder/results/runs``."""
    runs = expand(config)
    lines = {dataset: _variants(folder, config, dataset) for dataset in {run.dataset for run in runs}}
    for run in runs:
        random = Random(run.path)
        place = folder / "results/runs" / run.path
        place.mkdir(parents=True)
        (place / "model.safetensors").touch()
        _record(config, run, random).write(place / RECORD)
        (place / "history.csv").write_text(_history(random), encoding="utf-8")
        with (place / PREDICTIONS).open("w", encoding="utf-8") as file:
            for split, conditions in conditions_of(sources_of(config, run)).items():
                for condition in conditions:
                    start = f'{{"split": "{split}", "condition": "{condition.name}", '
                    skill = _skill(run, condition, random)
                    for variants in lines[run.dataset][split]:
                        file.write(start + variants[_variant(skill, random)].removeprefix("{"))


def _skill(run: Run, condition: Condition, random: Random) -> float:
    """The share of right tags; fusions gain if the images match, and lose as much with wrong ones."""
    gain = {"linear": 0.04, "cross_attention": 0.02}.get(run.fusion, 0.0) * (run.dataset == "demo")
    return 0.9 + (gain if condition == TRUE else -gain) + random.gauss(0, 0.01)


def _variant(skill: float, random: Random) -> int:
    """The index of a variant whose share of right tags is near ``skill``; the shares go from 0.8 to 1."""
    place = (skill - 0.8) / 0.2 * VARIANTS + random.gauss(0, 4)
    return min(VARIANTS - 1, max(0, round(place)))


def _variants(folder: Path, config: dict[str, Any], dataset: str) -> dict[str, list[list[str]]]:
    """For each split and post, lines of predictions with a growing share of right tags."""
    tags = tag_list(config["datasets"][dataset]["types"])
    random = Random(dataset)
    splits = {}
    for split in ("dev", "test"):
        posts = read_posts(folder / f"results/data/{dataset}/none/{split}.jsonl")
        shares = [0.8 + 0.2 * place / VARIANTS for place in range(VARIANTS)]
        splits[split] = [[_line(post, share, tags, random) for share in shares] for post in posts]
    return splits


def _line(post: Post, share: float, tags: list[str], random: Random) -> str:
    predicted = [label if random.random() < share else random.choice(tags) for label in post.labels]
    record = Prediction(post.id, post.tokens, post.labels, predicted, [1] * len(post.tokens))
    return json.dumps(asdict(record), ensure_ascii=False) + "\n"


def _record(config: dict[str, Any], run: Run, random: Random) -> TrainingRecord:
    """A record with as many values as a real one."""
    files = (f"results/data/{run.dataset}/{run.filter}/{split}.jsonl" for split in SPLITS)
    return TrainingRecord(
        **run.names,
        config=run_config(config, run),
        code={"commit": "0" * 40, "modules": {}},
        sources=sources(config, run.text_encoder, run.image_encoder),
        images=images_read(config, run.dataset, run.image_encoder),
        versions=dict.fromkeys(("mnerflow", "python", "torch", "transformers", "timm"), "1.0"),
        hardware={"machine": "x86_64", "processor": "synthesized", "cores": 2},
        precision="float32",
        data_sha256=dict.fromkeys(files, "0" * 64),
        finished="2026-01-01T00:00:00+00:00",
        training_posts=1000,
        parameters_trained=1_000_000,
        epochs_run=EPOCHS,
        best_epoch=EPOCHS,
        peak_memory_mib=700,
        seconds=round(random.uniform(30, 60), 1),
    )


def _history(random: Random) -> str:
    head = "epoch,train_loss,dev_loss,dev_entity_f1,dev_token_macro_f1,learning_rate,sentences_per_second\n"
    rows = [
        f"{e},{1 / e},{1 / e + 0.1},{1 - 0.5 / e + random.gauss(0, 0.02)},0.8,1e-3,900\n"
        for e in range(1, EPOCHS + 1)
    ]
    return head + "".join(rows)


def stages(folder: Path, since: float) -> list[dict[str, Any]]:
    """Jobs, wall and processor seconds, and peak memory by rule, from the logs written after ``since``."""
    rows: dict[str, dict[str, Any]] = {}
    for log in (folder / "results/logs").rglob("*.log"):
        if log.stat().st_mtime < since:
            continue
        rule = log.relative_to(folder / "results/logs").parts[0].removesuffix(".log")
        text = log.read_text(encoding="utf-8")
        used = re.search(r"processor time ([\d.]+) s, peak memory (\d+) MiB", text)
        took = re.search(r" in ([\d.]+) s$", text.rstrip())
        if not used or not took:
            raise UserError(f"{log}: its job did not end. Run it again.")
        row = rows.setdefault(
            rule, {"stage": rule, "jobs": 0, "wall_seconds": 0.0, "processor_seconds": 0.0, "peak_mib": 0.0}
        )
        row["jobs"] += 1
        row["wall_seconds"] += float(took[1])
        row["processor_seconds"] += float(used[1])
        row["peak_mib"] = max(row["peak_mib"], float(used[2]))
    return sorted(rows.values(), key=lambda row: -row["processor_seconds"])


def measure(runs: int, folder: Path, plan_only: bool) -> list[dict[str, Any]]:
    """Rows of ``docs/scaling.csv`` for one size."""
    write_text(folder / "grid.yaml", yaml.safe_dump(grid_config(runs)))
    config = whole_config(folder / "grid.yaml")
    number = len(expand(config))
    rows = [{"stage": "plan", "jobs": 1} | snakemake(folder, "--dry-run")]
    if not plan_only:
        data = [f"results/data/{d}/none/{s}.jsonl" for d in ("demo", "demo_control") for s in ("dev", "test")]
        snakemake(folder, *data, *(f"results/images/{d}/48/index.csv" for d in ("demo", "demo_control")))
        synthesize(folder, config)
        since = time.time()
        total = snakemake(folder)
        rows += [{"stage": "all", "jobs": 1} | total, *stages(folder, since)]
        page = (folder / "results/grid/report.html").stat().st_size / 2**20
        print(f"{number} runs: report.html {page:.1f} MiB", flush=True)
    rows = [{"runs": number} | row for row in rows]
    for row in rows:
        print({key: round(v, 1) if isinstance(v, float) else v for key, v in row.items()}, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=at_least(1), nargs="+", default=[10, 100, 1000, 10_000])
    parser.add_argument("--plan-only", action="store_true", help="do not synthesize, score and report")
    parser.add_argument("--folder", type=Path, help="keep the files here; 0.6 MB a run")
    parser.add_argument("--out", type=Path, default=TABLE)
    arguments = parser.parse_args()
    for runs in arguments.runs:
        with tempfile.TemporaryDirectory() as scratch:
            folder = arguments.folder / str(runs) if arguments.folder else Path(scratch)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            append(arguments.out, measure(runs, folder, arguments.plan_only))


def append(out: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows to the table, with numbers rounded to tenths."""
    new = not out.exists()
    with out.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(
            {k: round(v, 1) if isinstance(v, float) else v for k, v in row.items()} for row in rows
        )


if __name__ == "__main__":
    execute(main)
