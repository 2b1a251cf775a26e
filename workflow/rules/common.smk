# What all rules share: the checked configuration, the grid of runs, and how code and logs are found.
import gc
import os
import resource
import signal
import sys
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
from mnerflow.data.post import SPLITS
from mnerflow.errors import UserError
from mnerflow.fingerprint import fingerprint
from mnerflow.gpus import find_gpus
from mnerflow.llm import runs as llm
from mnerflow.plan import check_clock, check_plan, check_time, split_files
from mnerflow.schema import check

ENVIRONMENT = str(ROOT / "envs/environment.yaml")


try:
    check(
        config,
        yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text()),
    )
    RUNS = grid.expand(config)
    CANDIDATES = tuning.candidates(config)
    RIVALS = llm.rival_runs(config)
    check_plan(config, RUNS, RIVALS)
    PROMPTS = {
        name: llm.prompt_of(config, name, ROOT / "config/prompt.md") for name in config.get("rivals", {})
    }
    # What a training run reads.
    check_clock(["resources/weights", "results/data", "results/images", "results/features"])
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


# Rivals: those that answered about the data of the grid.
TWINS = grid.text_only_twins(config) | llm.rival_twins(config)
ASKED = [
    run
    for run in RIVALS
    if (run.dataset, run.filter) in {(other.dataset, other.filter) for other in RUNS}
    and llm.has_answered(Path("results/runs", run.path), config, run, PROMPTS[run.text_encoder])
]


def of_rivals(name):
    """A file of each rival that was asked.

    Named by its absolute path, so that it is no rule's output: it is shown when it is there, but only the
    target `rivals` asks, which may cost money.
    """
    return [str(Path("results/runs", run.path, name).absolute()) for run in ASKED]


def results_of_runs(name):
    """A file of every run of the grid, and of each rival that was asked."""
    return [*(f"results/runs/{run.path}/{name}" for run in RUNS), *of_rivals(name)]


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


def is_new(file):
    """Whether a file was written since the workflow started."""
    return Path(file).exists() and Path(file).stat().st_mtime > STARTED


def show_results():
    """Print the results table, where everything lies, and what the run took; nothing before there are scores.

    Where rivals were asked, their table stands first, and alone where nothing else was computed.
    """
    from mnerflow.reporting.show import results_text, rivals_text

    rivals = is_new("results/tables/rivals.csv")
    scored = Path("results/scores.csv").exists() if not rivals else is_new("results/scores.csv")
    if rivals:
        print(rivals_text(Path("results")))
    if scored:
        print(results_text(Path("results")))
    if not (rivals or scored):
        return
    minutes, seconds = divmod(round(time.time() - STARTED), 60)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
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


def prepared(*datasets, filter=grid.FILTERS_OFF, splits=SPLITS):
    """The prepared posts of data sets."""
    return expand(
        "results/data/{dataset}/{filter}/{split}.jsonl", dataset=datasets, filter=filter, split=splits
    )


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
ENCODERS = "results/runs/{dataset}/{filter}/{text}+{image}"
RUN = f"{ENCODERS}/{{fusion}}/seed{{seed}}"
RUN_NAME = "{dataset}.{filter}.{text}+{image}.{fusion}.seed{seed}"


TUNING_RUN = "results/tuning/{dataset}/{filter}/{text}+{image}/{fusion}/{settings}/seed{seed}"


def candidate_values(wildcards):
    return tuning.candidate_config(config, tuning.Candidate(run_of(wildcards), wildcards.settings))


RUNS_OF = {
    key: list(runs)
    for key, runs in groupby(
        RUNS, key=lambda run: (run.dataset, run.filter, run.text_encoder, run.image_encoder)
    )
}


def of_all_encoders(name):
    """A file of each pair of encoders on each data set and filter."""
    return [
        f"results/runs/{dataset}/{filter}/{text}+{image}/{name}" for dataset, filter, text, image in RUNS_OF
    ]


def training_processes(wildcards):
    return grid.training_processes(run_values(wildcards))


def training_threads(wildcards):
    values = run_values(wildcards)
    return grid.training_processes(values) * values["training"].get("threads", 1)


def prediction_processes(wildcards):
    return grid.prediction_processes(run_values(wildcards))


def prediction_threads(wildcards):
    values = run_values(wildcards)
    return grid.prediction_processes(values) * values["training"].get("threads", 1)


def run_values(wildcards):
    return grid.run_config(config, run_of(wildcards))


def run_code(script):
    """The code that a run uses: its script, the library, and the modules that its configuration picks."""
    return lambda w: code_of(script, *grid.modules_of(run_values(w)))


def start_inputs(wildcards):
    """The model that a run starts from, and lists of the posts that it learnt there and is tested with here."""
    starts = grid.starting_runs(config, run_of(wildcards))
    return {
        "start": [f"results/runs/{start.path}/model.safetensors" for start in starts[:1]],
        "leaks": [
            f"results/reports/leaks/{start.dataset}.{wildcards.dataset}.{wildcards.fusion}.csv"
            for start in starts
        ],
    }


def predictions_of(run):
    """Prediction files of a run; one trained on images is also read with shuffled and blank ones."""
    if run.text_encoder in config.get("rivals", {}):
        return f"results/runs/{run.path}/predictions.test.jsonl"
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


def data_plots():
    """The plots of the data reports, and the sheets of crops where there are any."""
    crops = [f"results/reports/data/{dataset}.crops.png" for dataset in DATASETS if dataset in PONER]
    return crops + expand("results/reports/data/{dataset}.{plot}.svg", dataset=DATASETS, plot=DATA_PLOTS)


def tables():
    return expand(
        "results/tables/{name}",
        name=[
            *(
                f"{table}.{ending}"
                for table in ("grid", "thesis", "does_it_help", "per_type", "cost")
                for ending in ("csv", "md", "tex")
            ),
            *("errors.csv", "errors.md", "published.csv", "published.md"),
            *("fixed_and_broken.csv", "fixed_and_broken.jsonl"),
        ],
    )


ENDINGS = ["png", "svg"]
DATA_PLOTS = ["entity_types", "lengths"]
EVIDENCE_PLOTS = {
    "forest": "differences",
    "ablations": "wrong images",
    "per_type": "by entity type",
    "cost": "F1 against cost",
}


def plots():
    names = ["fusion_comparison", *EVIDENCE_PLOTS, "training_curves"]
    names += [
        f"{kind}.{dataset}" for kind in ("tag_distribution", "confusion_matrix") for dataset in DATASETS
    ]
    return expand("results/plots/{name}.{ending}", name=names, ending=ENDINGS)
