# Messages before and after the work.
import resource

from mnerflow.errors import listed, quantity
from mnerflow.log import failure


def warn_of_unused_datasets():
    """Warn of data sets in a user's own folders that no block of the grid uses."""
    asked = {run.dataset for run in {*plan.runs, *plan.tried, *plan.starts, *plan.rivals}}
    for name, entry in config["datasets"].items():
        if "folder" in entry and name not in asked:
            print(f"mnerflow: datasets.{name} is in no block of the grid, and is not used.", file=sys.stderr)


def warn_of_lacking_baselines():
    """Warn of baselines that the grid lacks, without which some sources cannot be evaluated."""
    if lacking := lacking_baselines(config, plan.runs):
        print(
            f"mnerflow: the grid lacks {quantity(len(lacking), 'baseline')} of its runs, such as {lacking[0]}. "
            "What the image or a context is worth there cannot be said; add their fusions or variants.",
            file=sys.stderr,
        )


def warn_of_replaced_runs(runs):
    """Warn of finished runs that are trained again although the results of other studies show them."""
    there = [run for run in runs if Path(layout.run_folder(run), "run.yaml").exists()]
    if others := studies_showing(there, plan.results, config["name"]):
        print(
            f"mnerflow: {quantity(len(there), 'finished run')}, such as {min(there).path}, trained again with other "
            f"settings, data or code. {listed(others)} still shows their former results, until it is made again. "
            "To keep both, give the data set or the variant another name, or use another folder.",
            file=sys.stderr,
        )


def warn_of_other_versions():
    """Warn if published runs were made by other code or package versions than these; tables then mix both."""
    if others := plan.trained_with_other_versions():
        print(
            f"mnerflow: {len(others):,} of {quantity(len(plan.published), 'published run')} taken over, such as "
            f"{others[0].path}, made by other code or other versions of packages than are here. "
            "`--config published=` trains them anew.",
            file=sys.stderr,
        )


def warn_of_outdated_rivals():
    """Warn of rivals that are left out of the results, since they were asked something else."""
    if others := plan.outdated_rivals:
        print(
            f"mnerflow: left out, {quantity(len(others), 'run')} of rivals, such as {others[0].path}: trials, or asked "
            "with another model, prompt, options, posts or images than today's. `snakemake -s rivals.smk` asks anew.",
            file=sys.stderr,
        )


def check_contexts(runs):
    """Stop if the data sets of runs read a context that no language model has written yet, and name contexts that
    were asked for in another way than configured."""
    used = plan.data.with_left_out(run.dataset for run in runs)
    try:
        asked_contexts.check_written(plan.data, used)
        if workflow.is_main_process:
            for file in asked_contexts.outdated(plan.data, used, PROMPTS):
                print(
                    f"mnerflow: {file} was asked for with another model, prompt, options or images than today's. "
                    "It is read as it is; `snakemake -s contexts.smk` asks for it anew.",
                    file=sys.stderr,
                )
    except UserError as error:
        stop(error)


def show_failures():
    """Print the errors of failed jobs, where their logs lie, and how to continue. A full disk is checked first, since
    no log reports it."""
    try:
        check_space(NOTES)
    except UserError as error:
        print(f"\nmnerflow: {error}", file=sys.stderr)
        return
    logs = [file for file in sorted(Path("results/logs").rglob("*.log")) if is_new(file)]
    said = {file: message for file in logs if (message := failure(file.read_text(encoding="utf-8")))}
    for file, message in said.items():
        print(f"\nmnerflow: {message}\nlog     {file}", file=sys.stderr)
    if said:
        what = "mend that, then type the same command again: what is done stays done"
    else:
        what = "type the same command again: what is done stays done"
        if not interrupted:
            print("\nmnerflow: stopped before the end; no job's log tells of a failure.", file=sys.stderr)
    print(f"go on   {what}\nmore    {log_of_snakemake()}", file=sys.stderr)
    if interrupted:
        sys.exit(INTERRUPTED)


def is_new(file):
    """Whether a file was written since the workflow started."""
    return Path(file).exists() and Path(file).stat().st_mtime > STARTED


def show_results():
    """Print the answer, the results table, where everything lies, and the time it took, once there are tables."""
    from mnerflow.reporting.show import results_text

    if all(
        Path(study(file)).exists() for file in ("config.yaml", "tables/grid.csv", "tables/does_it_help.csv")
    ):
        show_time()
        print(results_text(Path(plan.study)))


def show_rivals():
    """Print the table of the rivals, where it lies, and the time that asking them took."""
    from mnerflow.reporting.show import rivals_text

    if Path(study("tables/rivals.csv")).exists():
        show_time()
        print(rivals_text(Path(plan.study)))


def show_contexts(written):
    """Print, for each context asked for, how many posts have a text, why others have none, and its cost."""
    from mnerflow.reporting.show import context_text

    for each in written:
        print(context_text(Path(layout.asked_record(*each))))
    if written:
        show_time()
    else:
        print(
            "mnerflow: no data set names a context that is asked for; see docs/contexts.md.", file=sys.stderr
        )


def show_time():
    """Print how long this start of the workflow took, and how much memory its largest job used."""
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"Done in {duration(time.time() - STARTED)}; the largest job used {largest:.1f} GiB of memory.\n")
