# What all rules share: the checked configuration, the grid of runs, and how code and logs are found.
import os
import resource
import sys
import time
from functools import cache
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

STARTED = time.monotonic()
ROOT = Path(workflow.basedir)
# So that conda and container jobs, in which mnerflow is not installed, find the library too.
sys.path.insert(0, str(ROOT / "src"))
os.environ.update(PYTHONPATH=str(ROOT / "src"))

from mnerflow import grid
from mnerflow.data.post import SPLITS
from mnerflow.errors import UserError
from mnerflow.fingerprint import fingerprint
from mnerflow.schema import check

ENVIRONMENT = str(ROOT / "envs/environment.yaml")

try:
    check(
        config,
        yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text()),
    )
    RUNS = grid.expand(config)
except UserError as error:
    raise WorkflowError(str(error)) from None

DATASETS = sorted({run.dataset for run in RUNS})


def one_of(names):
    """Wildcard constraint for exactly these names; one that matches nothing when there are none."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    dataset=one_of(config["datasets"]),
    filter=r"[A-Za-z0-9_.+-]+",
    text=one_of([*config["text_encoders"], grid.NONE]),
    image=one_of([*config["image_encoders"], grid.NONE]),
    fusion=one_of(config["fusions"]),
    seed=r"\d+",
    split=one_of(SPLITS),


def run_of(wildcards):
    return grid.Run(
        *(wildcards[name] for name in ("dataset", "filter", "text", "image", "fusion")),
        int(wildcards.seed),
    )


@cache
def code_of(script, *modules):
    """Hash of what a rule's script and the library code that it uses do; see mnerflow.fingerprint."""
    return fingerprint(ROOT / "workflow/scripts" / script, *modules)


def show_results():
    """Print the results table, where everything lies, and what the run took."""
    from mnerflow.evaluation.scores import read_scores
    from mnerflow.reporting.tables import short_table, summarize

    print(short_table(summarize(read_scores("results/scores.csv"))).console())
    print("tables  results/tables\nplots   results/plots")
    minutes, seconds = divmod(round(time.monotonic() - STARTED), 60)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(
        f"took    {minutes} min {seconds} s; the largest job used {largest:.1f} GiB of memory"
    )


# Data.
GENERATED = [name for name, entry in config["datasets"].items() if "generator" in entry]
DOWNLOADED = [name for name, entry in config["datasets"].items() if "files" in entry]
ARCHIVES = {
    Path(entry["images"].get("mirror", f"{name}.zip")).name: entry["images"]
    for name, entry in config["datasets"].items()
    if "images" in entry
}


def raw_folder(dataset):
    return config["datasets"][dataset].get("folder", f"resources/data/{dataset}")


def raw_files(wildcards):
    """The files that a data set's posts are read from."""
    entry = config["datasets"][wildcards.dataset]
    names = list(entry.get("files", {}))
    if not names:
        for files in entry["splits"].values():
            names += [files] if isinstance(files, str) else files
    return [f"{raw_folder(wildcards.dataset)}/{name}" for name in names]


def mirror_file(entry):
    """Where the configured mirror keeps a file; nothing without a mirror."""
    return (
        f"{config['mirror']}/{entry['mirror']}"
        if config.get("mirror") and "mirror" in entry
        else None
    )


def prepare_options(dataset):
    options = {
        "format",
        "types",
        "map",
        "splits",
        "language",
        "repair",
        "dev_fraction",
        "test_fraction",
        "seed",
    }
    return {
        key: value
        for key, value in config["datasets"][dataset].items()
        if key in options
    }


def archive_of(dataset):
    return next(
        name
        for name, entry in ARCHIVES.items()
        if entry["url"] == config["datasets"][dataset]["images"]["url"]
    )


# Weights and images.
SOURCES = {
    name: entry
    for encoders in (config["text_encoders"], config["image_encoders"])
    for name, entry in encoders.items()
    if "source" in entry
}


def weights_of(*encoders):
    """Weight folders of those encoders that are pretrained."""
    return [grid.weights_folder(name) for name in encoders if name in SOURCES]


def image_source(wildcards):
    """What must be there before a data set's images can be read."""
    entry = config["datasets"][wildcards.dataset]
    if "files" in entry and "images" not in entry:
        photos = [name for name in entry["files"] if name.startswith("images/")]
        if not photos:
            raise WorkflowError(
                f"datasets.{wildcards.dataset}: it has no images, but the grid asks for an image encoder."
            )
        return [f"resources/data/{wildcards.dataset}/{name}" for name in photos]
    return [f"{raw_folder(wildcards.dataset)}/images"]


def image_inputs(wildcards):
    """Image store, and features where the encoder is frozen, that a run reads; nothing without an image."""
    if wildcards.image == grid.NONE:
        return {}
    encoder = config["image_encoders"][wildcards.image]
    inputs = {
        "images": f"results/images/{wildcards.dataset}/{encoder['size']}/images.npy"
    }
    if encoder.get("frozen"):
        inputs["features"] = (
            f"results/features/{wildcards.dataset}/{wildcards.image}.npy"
        )
    return inputs


# Runs.
RUN = "results/runs/{dataset}/{filter}/{text}+{image}/{fusion}/seed{seed}"
RUN_NAME = "{dataset}.{filter}.{text}+{image}.{fusion}.seed{seed}"


def training_threads(wildcards):
    return grid.run_config(config, run_of(wildcards))["training"].get("threads", 1)


def run_values(wildcards):
    return grid.run_config(config, run_of(wildcards))


def run_code(script):
    """The code that a run uses: its script, the library, and the modules that its configuration picks."""
    return lambda w: code_of(script, *grid.modules_of(run_values(w)))


def predictions_of(run):
    """Prediction files of a run; one that sees images is also read with shuffled and blank ones."""
    kinds = ["dev", "test"] + [
        f"test.{name}" for name in run.conditions if name in ("shuffled", "blank")
    ]
    return [f"results/runs/{run.path}/predictions.{kind}.jsonl" for kind in kinds]


# Targets.
def tables():
    return expand(
        "results/tables/{name}",
        name=["grid.csv", "grid.md", "thesis.csv", "thesis.md", "thesis.tex"],
    )


def plots():
    names = ["training_curves", "fusion_comparison"]
    names += [
        f"{kind}.{dataset}"
        for kind in ("tag_distribution", "confusion_matrix")
        for dataset in DATASETS
    ]
    return expand("results/plots/{name}.{ending}", name=names, ending=["png", "svg"])
