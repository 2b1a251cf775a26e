# Estimates of time and disk space before anything starts, and weights that are removed at the end.
import shutil

from mnerflow.compute.gpus import check_gpus, find_gpus
from mnerflow.plan.kept_weights import drop_rest, put_back
from mnerflow.plan.needs import check_time, needs_of

TRAINING = ("train", "train_again", "train_candidate")


def runs_to_train(*rules):
    """The runs that this start of the workflow trains by these rules."""
    jobs = workflow.dag.needrun_jobs()
    return [run_of(job.wildcards) for job in jobs if job.rule.name in rules]


def show_needs(runs):
    """Print what runs need, as far as the configuration estimates it, and whether the disk has enough space."""
    results = Path("results")
    free = shutil.disk_usage(results if results.exists() else ".").free / 1e9
    if said := needs_of(config, runs).sentences(free):
        print(f"mnerflow: {said}", file=sys.stderr)


def check_machine():
    """Stop before this machine trains for days without a GPU, or with GPUs that PyTorch cannot use.

    Other executors know their own machines.
    """
    if value_of(config, "allow_cpu") or not workflow.local_exec:
        return
    jobs = [job for job in workflow.dag.needrun_jobs() if "gpu" in job.rule.resources]
    gpus = find_gpus() if jobs else []
    try:
        if gpus:
            check_gpus(gpus)
        elif "core_hours" in config:
            check_time(needs_of(config, runs_to_train(*TRAINING)), workflow.cores)
    except UserError as error:
        stop(error)


def drop_weights():
    """Remove the weights that, by `keep_weights`, can only be removed at the end."""
    try:
        put_back(Path("results"))
        drop_rest(config, {*plan.runs, *plan.starts} - plan.published, Path("results"))
    except UserError as error:
        print(f"mnerflow: {error}", file=sys.stderr)


# Snakemake calls no handler in a dry run, so runs that were never trained are taken as those to be trained.
if any(re.fullmatch("-[a-zA-Z]*n|--dry-?run", argument) for argument in sys.argv):
    warn_of_unused_datasets()
    warn_of_lacking_baselines()
    show_needs(
        run
        for run in {*plan.runs, *plan.starts} - plan.published
        if not Path(layout.run_folder(run), "run.yaml").exists()
    )
