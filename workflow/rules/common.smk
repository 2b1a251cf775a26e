# What all rules share: the checked configuration, the grid of runs, and how code is found.
import gc
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from functools import cache
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import yaml

STARTED = time.time()
# Names this start of the workflow to its jobs: max_cost holds for all of them together.
os.environ.setdefault("MNERFLOW_SESSION", f"{STARTED:.3f}")
# A plan is millions of objects that live to its end; looking for garbage among them took a sixth of the time.
gc.set_threshold(200_000, 20, 50)
ROOT = Path(workflow.basedir)
# So that conda and container jobs, in which mnerflow is not installed, find the library too.
sys.path.insert(0, str(ROOT / "src"))
os.environ.update(PYTHONPATH=str(ROOT / "src"))
# `sbatch --signal=USR1` goes to all processes of a job; training answers it, and Snakemake must not die of it first.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)

from mnerflow import grid, tuning
from mnerflow.compute import lifeline
from mnerflow.data.formats import read_beside
from mnerflow.data.post import SPLITS
from mnerflow.data.sources import archives, known_by
from mnerflow.errors import UserError, printable
from mnerflow.fingerprint import fingerprint
from mnerflow.compute.gpus import check_gpus, find_gpus
from mnerflow.llm import runs as llm
from mnerflow.files import check_space, expanded, folder_state
from mnerflow.kept_weights import drop_rest, put_back, was_dropped
from mnerflow.log import failure
from mnerflow.models.weights import model_files
from mnerflow.needs import check_time, needs_of
from mnerflow.plan import check_clock, check_plan, split_files
from mnerflow.publishing.finished import is_finished, is_published, is_trained, made_otherwise
from mnerflow.publishing.publication import TABLES
from mnerflow.schema import check, check_keys

ENVIRONMENT = str(ROOT / "envs/environment.yaml")


def end_at_second_interrupt(number, frame):
    """The first Ctrl-C waits for the jobs to end, the second for nothing; see mnerflow.compute.lifeline."""
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(128 + number))
    raise KeyboardInterrupt


# Where Snakemake writes beside the results: its notes, copies of scripts, temporary files.
NOTES = [".snakemake", workflow.sourcecache.runtime_cache_path, tempfile.gettempdir()]
if workflow.is_main_process:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end_at_second_interrupt)
    if why := lifeline.begin(Path(".snakemake/mnerflow"), Path(".snakemake/locks")):
        print(
            f"mnerflow: this folder is locked: {why}. Wait, or, when nothing of it runs any more, type "
            "`snakemake --unlock` and start again.",
            file=sys.stderr,
        )
    try:
        check_space(NOTES)
    except UserError as error:
        sys.exit(f"mnerflow: {error}")


def stands_published(run):
    return bool(config.get("published")) and is_published(Path(config["published"]), run, config)


def published_runs(runs):
    """Those that were published with the same settings, which are taken over instead of trained.

    Not a run that was trained here: its weights belong to its own predictions. A run that one still to be
    trained starts from is trained as well, since weights are not published.
    """
    published = set(filter(stands_published, runs))
    published -= {run for run in published if is_trained(Path("results"), run, config)}
    starts = {start for run in runs if run not in published for start in grid.starting_runs(config, run)}
    return published - starts


# `--config x=true` arrives as text: Snakemake knows only True and False.
config.update({key: value == "true" for key, value in config.items() if value in ("true", "false")})

try:
    SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    for file in workflow.configfiles:
        check_keys(Path(file))
    check(config, SCHEMA)
    for entry in config["datasets"].values():
        if "folder" in entry:
            entry["folder"] = str(expanded(entry["folder"]))
    RUNS = grid.expand(config)
    if config.get("finished_only"):
        RUNS = [run for run in RUNS if stands_published(run) or is_finished(Path("results"), run, config)]
        if not RUNS:
            raise UserError("finished_only: no run of the grid is finished yet.")
    PUBLISHED = published_runs(RUNS)
    CANDIDATES = tuning.candidates(config)
    for candidate in CANDIDATES:
        values = tuning.candidate_config(config, candidate)["training"]
        check(
            values, SCHEMA["$defs"]["training"] | {"$defs": SCHEMA["$defs"]}, f"tuning, {candidate.settings}"
        )
    RIVALS = llm.rival_runs(config)
    TRIED = {candidate.run for candidate in CANDIDATES}
    STARTS = {start for run in {*RUNS, *TRIED} for start in grid.starting_runs(config, run)}
    check_plan(config, sorted({*RUNS, *TRIED, *STARTS}), RIVALS)
    PROMPTS = {
        name: llm.prompt_of(config, name, ROOT / "config/prompt.md") for name in config.get("rivals", {})
    }
    if workflow.is_main_process:
        llm.check_prompts(config, RIVALS, PROMPTS)
    # What a training run reads.
    check_clock(["resources/weights", "results/data", "results/images", "results/features"])
except UserError as error:
    sys.exit(printable(f"mnerflow: {error}"))

DATASETS = sorted({run.dataset for run in RUNS})
# Each is text and image encoder of its runs.
VISION_LANGUAGE = [*config.get("vision_language_encoders", {})]


def one_of(names):
    """Wildcard constraint for exactly these names; one that matches nothing when there are none."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    dataset=one_of(config["datasets"]),
    filter=r"[A-Za-z0-9_.+-]+",
    text=one_of([*config["text_encoders"], *VISION_LANGUAGE, grid.NONE]),
    image=one_of([*config["image_encoders"], *VISION_LANGUAGE, grid.NONE]),
    system=one_of(grid.systems(config)),
    seed=r"\d+",
    split=one_of(SPLITS),


def run_of(wildcards):
    return grid.Run.named(dict(wildcards.items()))


@cache
def code_of(script, *modules):
    """Hash of what a rule's script and the library code that it uses do; see mnerflow.fingerprint."""
    return fingerprint(ROOT / "workflow/scripts" / script, *modules)


def look_of(package):
    """Hash of the templates, styles and scripts of a package of mnerflow.reporting."""
    folder = ROOT / "src/mnerflow/reporting" / package
    files = sorted(file for ending in ("j2", "css", "js") for file in folder.glob(f"*.{ending}"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
