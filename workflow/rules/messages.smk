# What is said before and after the work.
import resource

from mnerflow.compute.gpus import check_gpus, find_gpus
from mnerflow.log import failure


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


def name_unused():
    """Say which data sets in folders of the user's own no block of the grid asks for."""
    asked = {run.dataset for run in {*plan.runs, *plan.tried, *plan.starts, *plan.rivals}}
    for name, entry in config["datasets"].items():
        if "folder" in entry and name not in asked:
            print(f"mnerflow: datasets.{name} is in no block of the grid, and is not used.", file=sys.stderr)


def name_lacking_baselines():
    """Say of which runs nothing will be said, since the grid lacks what they are held against."""
    if lacking := lacking_baselines(config, plan.runs):
        print(
            f"mnerflow: the grid lacks {len(lacking)} baselines of its runs, such as {lacking[0]}. What the image "
            "or a context is worth there cannot be said; add their fusions, variants or seeds.",
            file=sys.stderr,
        )


def name_unlike_published():
    """Say that published runs were made otherwise than they would be here; tables then mix both."""
    if unlike := plan.made_otherwise():
        print(
            f"mnerflow: {len(unlike)} of the {len(plan.published)} published runs that are taken over, such as "
            f"{unlike[0].path}, were made by other code or other versions of packages than are here. "
            "`--config published=` trains them anew.",
            file=sys.stderr,
        )


def show_failures():
    """Print what the jobs that failed say of themselves, and where their logs lie; no log tells of a full disk."""
    try:
        check_space(NOTES)
    except UserError as error:
        print(f"\nmnerflow: {error}", file=sys.stderr)
        return
    for file in sorted(Path("results/logs").rglob("*.log")):
        message = failure(file.read_text(encoding="utf-8")) if is_new(file) else None
        if message:
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
