# Functions from wildcards to the plan.
from dataclasses import asdict
from functools import cache
from inspect import signature

RUN = f"{layout.RUNS}/{{dataset}}/{{filter}}/{{text}}+{{image}}/{{system}}/seed{{seed}}"
RUN_NAME = "{dataset}/{filter}/{text}+{image}/{system}/seed{seed}"
TUNING_RUN = "results/tuning/{dataset}/{filter}/{text}+{image}/{system}/{settings}/seed{seed}"
BASELINES = write_baselines(plan.baselines)
POOLS = asdict(SeedPools.of(config))
TYPE_NAMES = {dataset: plan.data.type_names(dataset) for dataset in plan.datasets}
SCORED = plan.runs_by_text_encoder
TABLE_ENDINGS = ["csv", "md", "tex"]


def study(file):
    """The path of a file of this study."""
    return f"{plan.study}/{file}"


def with_signature(function):
    """Store the signature of a function of wildcards, which Snakemake otherwise looks up several times per job."""
    function.__signature__ = signature(function)
    return function


@cache
def run_named(**names):
    return Run.named(names)


def run_of(wildcards):
    return run_named(**wildcards)


def read_by(wildcards):
    """The parts of a post that are shown to the model that writes an asked context."""
    return asked_contexts.question_of(config, wildcards.context)["reads"]


def prepared(*datasets, filter=FILTERS_OFF, splits=SPLITS):
    """The prepared posts of data sets."""
    return [f"{layout.data(dataset, filter)}/{split}.jsonl" for dataset in datasets for split in splits]


def data_of(run):
    return prepared(run.dataset, filter=run.filter)


def candidate_values(wildcards):
    return plan.candidate_values(Candidate(run_of(wildcards), wildcards.settings))


@with_signature
def run_values(wildcards):
    return plan.values(run_of(wildcards))


def run_code(script):
    """The code that a run uses: its script, the library, and the modules that its configuration selects."""
    return with_signature(lambda w: code_of(script, *plan.modules(run_of(w))))


@with_signature
def threads_of(wildcards):
    return plan.settings(run_of(wildcards))["training"]["threads"]


@with_signature
def checkpoint_seconds(wildcards):
    """A resource, since a change of it is no reason to train again. Snakemake takes only integers and text."""
    return str(plan.settings(run_of(wildcards))["training"]["checkpoint_seconds"])


def predictions_of(run):
    """The file of a run's predictions, by split and condition."""
    return f"{layout.run_folder(run)}/predictions.jsonl"


def of_runs(name, runs=plan.runs):
    """A file of each of these runs."""
    return [f"{layout.run_folder(run)}/{name}" for run in runs]


def of_all_scores(name):
    """A file of this study for each text encoder on each data set and filter."""
    return [study(f"{layout.scores(*key)}/{name}") for key in SCORED]


def of_rivals(name):
    """A file of each rival that has answered; only rivals.smk makes it."""
    return of_runs(name, plan.answered)


COUNTS = of_all_scores("counts.npz") + of_rivals("counts.npz")


def results_of_runs(name):
    """A file of every run of the grid, and of each rival that was asked."""
    return of_runs(name) + of_rivals(name)
