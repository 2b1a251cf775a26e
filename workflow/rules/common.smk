# What all rules share: the checked configuration, the grid of runs, and how code and logs are found.
import os
import resource
import signal
import sys
import time
from functools import cache
from hashlib import sha256
from pathlib import Path

import yaml

STARTED = time.time()
ROOT = Path(workflow.basedir)
# So that conda and container jobs, in which mnerflow is not installed, find the library too.
sys.path.insert(0, str(ROOT / "src"))
os.environ.update(PYTHONPATH=str(ROOT / "src"))
# `sbatch --signal=USR1` goes to all processes of a job; training answers it, and Snakemake must not die of it first.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)

from mnerflow import grid
from mnerflow.data.post import SPLITS
from mnerflow.errors import UserError
from mnerflow.fingerprint import fingerprint
from mnerflow.gpus import find_gpus
from mnerflow.plan import check_plan, check_time, split_files
from mnerflow.schema import check

ENVIRONMENT = str(ROOT / "envs/environment.yaml")


try:
    check(
        config,
        yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text()),
    )
    RUNS = grid.expand(config)
    check_plan(config, RUNS)
except UserError as error:
    sys.exit(f"mnerflow: {error}")

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


def look_of(package):
    """Hash of the templates, styles and scripts of a package of mnerflow.reporting."""
    folder = ROOT / "src/mnerflow/reporting" / package
    files = sorted(file for ending in ("j2", "css", "js") for file in folder.glob(f"*.{ending}"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def check_gpus():
    """Stop before this machine, without a GPU, trains for days; other executors know their own machines."""
    if "core_hours" not in config or config.get("allow_cpu") or not workflow.local_exec or find_gpus():
        return
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name == "train"]
    try:
        check_time(
            config["core_hours"],
            [(job.wildcards.text, job.wildcards.image) for job in jobs],
            workflow.cores,
        )
    except UserError as error:
        sys.exit(f"mnerflow: {error}")


def show_failures():
    """Print what the jobs that failed say of themselves, and where their logs lie."""
    for file in sorted(Path("results/logs").rglob("*.log")):
        said = file.read_text(encoding="utf-8").partition(" ERROR ")[2]
        if said and file.stat().st_mtime > STARTED:
            message = said.partition("\nTraceback")[0].strip()
            print(f"\nmnerflow: {message}\nlog     {file}", file=sys.stderr)


def show_results():
    """Print the results table, where everything lies, and what the run took; nothing before there are scores."""
    if not Path("results/scores.csv").exists():
        return
    from mnerflow.reporting.show import results_text

    minutes, seconds = divmod(round(time.time() - STARTED), 60)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(results_text(Path("results")))
    print(f"took    {minutes} min {seconds} s; the largest job used {largest:.1f} GiB of memory")


# Data.
GENERATED = [name for name, entry in config["datasets"].items() if "generator" in entry]
DOWNLOADED = [name for name, entry in config["datasets"].items() if "files" in entry]
PONER = [name for name, entry in config["datasets"].items() if "poner" in entry]
PONER_ARCHIVE = "poner.zip"
ARCHIVES = {
    Path(entry["images"].get("mirror", f"{name}.zip")).name: entry["images"]
    for name, entry in config["datasets"].items()
    if "images" in entry
} | {PONER_ARCHIVE: config["datasets"][name]["poner"] for name in PONER}


def raw_folder(dataset):
    return config["datasets"][dataset].get("folder", f"resources/data/{dataset}")


def raw_files(wildcards):
    """The files that a data set's posts are read from."""
    entry = config["datasets"][wildcards.dataset]
    names = entry.get("files") or split_files(entry)
    return [f"{raw_folder(wildcards.dataset)}/{name}" for name in names]


def mirror_file(entry):
    """Where the configured mirror keeps a file; nothing without a mirror."""
    return f"{config['mirror']}/{entry['mirror']}" if config.get("mirror") and "mirror" in entry else None


def poner_folder(wildcards):
    """PONER's files: as they lie in the mirror, or as they were unpacked."""
    mirrored = mirror_file(config["datasets"][wildcards.dataset]["poner"])
    return mirrored or "resources/poner"


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
    return {key: value for key, value in config["datasets"][dataset].items() if key in options}


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
    folder = raw_folder(wildcards.dataset)
    if "files" in entry and "images" not in entry:
        return [f"{folder}/{name}" for name in entry["files"] if name.startswith("images/")]
    return [f"{folder}/images"]


def image_inputs(wildcards):
    """Image store, and features where the encoder is frozen, that a run reads; nothing without an image."""
    if wildcards.image == grid.NONE:
        return {}
    encoder = config["image_encoders"][wildcards.image]
    inputs = {"images": f"results/images/{wildcards.dataset}/{encoder['size']}/images.npy"}
    if encoder.get("frozen"):
        inputs["features"] = f"results/features/{wildcards.dataset}/{wildcards.image}.npy"
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
    kinds = ["dev", "test", *(f"test.{ablation}" for ablation in run.ablations)]
    return [f"results/runs/{run.path}/predictions.{kind}.jsonl" for kind in kinds]


def filtered_data():
    """Data sets and filters of the grid, as folders below ``results/data``."""
    return sorted({f"{run.dataset}/{run.filter}" for run in RUNS})


def image_indexes():
    """For each data set whose images some run sees, the index of one of its image stores."""
    sizes = {
        run.dataset: config["image_encoders"][run.image_encoder]["size"]
        for run in RUNS
        if run.image_encoder != grid.NONE
    }
    return [f"results/images/{dataset}/{size}/index.csv" for dataset, size in sizes.items()]


def data_report_inputs(wildcards):
    """What a data set's report is made of: posts; image index, filters and PONER's pages where there are any."""
    dataset = wildcards.dataset
    inputs = {
        "posts": [f"results/data/{dataset}/none/{split}.jsonl" for split in SPLITS],
        "report": f"results/data/{dataset}/none/report.json",
        "filters": [
            f"results/data/{dataset}/{name}/summary.json"
            for name in sorted({run.filter for run in RUNS if run.dataset == dataset})
            if name != grid.FILTERS_OFF
        ],
    }
    for index in image_indexes():
        if index.startswith(f"results/images/{dataset}/"):
            inputs["index"] = index
    if dataset in PONER:
        inputs["placement"] = f"resources/data/{dataset}/report.json"
        inputs["crops"] = f"results/reports/data/{dataset}.crops.png"
    return inputs


# Targets.
def data_reports():
    return expand("results/reports/data/{dataset}.md", dataset=DATASETS)


def tables():
    return expand(
        "results/tables/{name}",
        name=[
            *("grid.csv", "grid.md", "thesis.csv", "thesis.md", "thesis.tex"),
            *(
                f"{table}.{ending}"
                for table in ("does_it_help", "per_type", "cost")
                for ending in ("csv", "md", "tex")
            ),
            *("errors.csv", "errors.md", "published.csv", "published.md"),
            *("fixed_and_broken.csv", "fixed_and_broken.jsonl"),
        ],
    )


EVIDENCE_PLOTS = ["forest", "ablations", "per_type", "cost"]


def plots():
    names = ["fusion_comparison", *EVIDENCE_PLOTS, "training_curves"]
    names += [
        f"{kind}.{dataset}" for kind in ("tag_distribution", "confusion_matrix") for dataset in DATASETS
    ]
    return expand("results/plots/{name}.{ending}", name=names, ending=["png", "svg"])
