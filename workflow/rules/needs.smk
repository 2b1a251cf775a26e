# How long it will take and how much disk, said before anything is begun; and what of the disk is given back.
import shutil

from mnerflow.compute.gpus import check_gpus, find_gpus
from mnerflow.plan.kept_weights import drop_rest, put_back
from mnerflow.plan.needs import check_time, needs_of


def runs_to_train():
    """Those that this start of the workflow trains."""
    jobs = workflow.dag.needrun_jobs()
    return [run_of(job.wildcards) for job in jobs if job.rule.name in ("train", "train_again")]


def say_needs(runs):
    """Print what runs need, as far as the configuration estimates it, and whether the disk has room for it."""
    results = Path("results")
    free = shutil.disk_usage(results if results.exists() else ".").free / 1e9
    if said := needs_of(config, runs, results).sentences(free):
        print(f"mnerflow: {said}", file=sys.stderr)


def check_machine():
    """Stop before this machine trains for days without a GPU, or beside GPUs that PyTorch cannot use.

    Other executors know their own machines.
    """
    if config.get("allow_cpu") or not workflow.local_exec:
        return
    jobs = [job for job in workflow.dag.needrun_jobs() if "gpu" in job.rule.resources]
    gpus = find_gpus() if jobs else []
    try:
        if gpus:
            check_gpus(gpus)
        elif "core_hours" in config:
            check_time(needs_of(config, runs_to_train(), Path("results")), workflow.cores)
    except UserError as error:
        stop(error)


def drop_weights():
    """Remove the weights that `keep_weights` leaves for the end."""
    try:
        put_back(Path("results"))
        drop_rest(config, {*plan.runs, *plan.starts} - plan.published, Path("results"))
    except UserError as error:
        print(f"mnerflow: {error}", file=sys.stderr)


# Snakemake asks nobody in a dry run: what was never trained is to be trained.
if any(re.fullmatch("-[a-zA-Z]*n|--dry-?run", argument) for argument in sys.argv):
    name_lacking_baselines()
    say_needs(
        run
        for run in {*plan.runs, *plan.starts} - plan.published
        if not Path(layout.run_folder(run), "run.yaml").exists()
    )
