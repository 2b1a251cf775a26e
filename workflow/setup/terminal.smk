# What the workflow prints on the terminal: one line per job. Snakemake's own messages go to its log, except those that
# none of ours replaces.
import logging

from snakemake.logging import logger as snakemake_logger
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

from mnerflow.errors import quantity
from mnerflow.plan.names import NONE, Run, data_label
from mnerflow.progress import Progress, about, duration

# A rule's job in words. Fields are its wildcards, and `run` or `encoder` if these name a run or a text encoder.
WORDS = {
    "make_demo": "make {dataset}",
    "download": "fetch {file} of {dataset}",
    "download_archive": "fetch {archive}",
    "unpack_images": "unpack the photos of {dataset}",
    "fetch_poner": "fetch PONER",
    "make_poner": "cut the lines of {dataset} out of its scans",
    "write_images": "take the images of {dataset} out of its files",
    "prepare": "prepare {dataset}",
    "filter_posts": "filter {dataset} · {filter}",
    "weights": "fetch the weights of {encoder}",
    "image_store": "decode the images of {dataset} · {size} pixels",
    "image_features": "compute the features of {dataset} · {image}",
    "check_leak": "check {dataset} for posts of {start} · {system}",
    "train": "train {run}",
    "train_again": "train again {run}",
    "train_candidate": "try {run} · {settings}",
    "take_over": "take over {run}",
    "predict": "predict {run}",
    "score": "score {encoder}",
    "scores": "gather the scores",
    "tables": "tabulate the grid",
    "evidence": "compare the runs with their baselines",
    "churn": "compare the runs with other seeds",
    "calibration": "compare confidence with accuracy",
    "errors": "sort the errors",
    "strata": "compare within strata",
    "fixed_and_broken": "count what is fixed and broken",
    "examples": "list what is fixed and broken",
    "cost": "tabulate the cost",
    "literature": "compare with the literature",
    "tuning": "tabulate the search",
    "plot_fusion_comparison": "plot the fusions",
    "plot_evidence": "plot the evidence",
    "plot_strata": "plot the strata",
    "plot_confusion_matrix": "plot the confusions of {dataset}",
    "plot_training_curves": "plot the training curves",
    "plot_learning_curve": "plot the learning curve",
    "plot_tag_distribution": "plot the tags of {dataset}",
    "data_report": "describe {dataset}",
    "contact_sheet": "draw a sheet of crops of {dataset}",
    "report": "write the report",
    "config": "write down the configuration",
    "crate": "pack the RO-Crate",
    "prepare_to_ask": "prepare {dataset} for questions",
    "ask": "ask {run}",
    "ask_context": "ask for {context} of {dataset}",
    "score_rival": "score {run}",
    "rival_tables": "tabulate the rivals",
}
WAIT_FOR_NETWORK = {"download", "download_archive", "fetch_poner", "weights", "ask", "ask_context"}


def in_words(rule, wildcards):
    """A description of a job for a reader."""
    names = dict(wildcards)
    if "run" in names or "seed" in names:
        run = Run.from_folder(names["run"]) if "run" in names else Run.named(names)
        names["run"] = f"{run.data} · {run.model} · seed {run.seed}"
    elif "text" in names:
        text = "image only" if names["text"] == NONE else names["text"]
        names["encoder"] = f"{data_label(names['dataset'], names['filter'])} · {text}"
    return WORDS.get(rule, rule).format(**names)


class Terminal(logging.Handler):
    """Prints what a user wants to know while jobs run; at other times, ``usual`` handles the messages."""

    # Snakemake's messages, other than events, that are shown; the rest is about how it works internally.
    SHOWN = ("Nothing to be done", "Terminating processes", "Will exit after finishing", "Trying to restart")
    # Messages before the work that are not shown.
    HIDDEN = ("Config file", "Assuming unrestricted shared filesystem usage")
    # Errors that are not shown: the job has written the cause to its log, and show_failures prints it at the end.
    KNOWN = ("Exiting because a job execution failed", "At least one job did not complete")

    def __init__(self, usual):
        super().__init__()
        self.usual = usual
        self.works = False
        self.seen = set()

    def emit(self, record):
        try:
            self.show(record)
        except Exception:  # a line that cannot be printed must not stop the workflow
            self.handleError(record)

    def show(self, record):
        event = getattr(record, "event", None)
        if event == LogEvent.WORKFLOW_STARTED:
            self.works = True
        elif event == LogEvent.RUN_INFO:
            self.begin(record.stats)
        elif event == LogEvent.JOB_INFO and record.rule_name in self.jobs:
            self.running[record.jobid] = in_words(record.rule_name, record.wildcards)
            self.progress.begin(
                record.jobid, record.rule_name, record.created, side_by_side(record.resources)
            )
        elif event == LogEvent.JOB_FINISHED and record.job_id in self.running:
            took = self.progress.end(record.job_id, record.created)
            # On a cluster, how long jobs wait for machines depends on other users.
            left = self.progress.seconds_left(record.created) if workflow.local_exec else None
            rest = f" ({about(left)} left)" if left else ""
            self.show_job(record.job_id, f"{duration(took)}{rest}")
        elif event == LogEvent.JOB_ERROR and record.jobid in self.running:
            took = self.progress.fail(record.jobid, record.created)
            said = "stopped" if interrupted else "failed"
            self.show_job(record.jobid, f"{said} after {duration(took)}: {', '.join(record.log)}")
        elif self.is_shown(record, event):
            self.usual.handle(record)

    def begin(self, stats):
        rules = {rule.name: rule for rule in workflow.rules}
        # Target rules have no output.
        self.jobs = {name: count for name, count in stats.items() if name in rules and rules[name].output}
        self.progress = Progress(
            self.jobs, WAIT_FOR_NETWORK | {name for name in self.jobs if "gpu" in rules[name].resources}
        )
        self.running = {}
        where = f"on {quantity(workflow.cores, 'core')}" if workflow.local_exec else "on other machines"
        print(
            f"{quantity(self.progress.total, 'job')} {where}. Snakemake's log: {log_of_snakemake()}",
            file=sys.stderr,
        )

    def show_job(self, job, what):
        count = f"{self.progress.done:>{len(str(self.progress.total))}} of {self.progress.total}"
        print(f"{count}  {printable(self.running.pop(job))} · {what}", file=sys.stderr, flush=True)

    def is_shown(self, record, event):
        message = record.getMessage()
        if record.levelno < logging.WARNING:
            once = not event and message.startswith(self.SHOWN) and message not in self.seen
            self.seen.add(message)
            return once if self.works else not message.startswith(self.HIDDEN)
        of_script = getattr(record, "exception", None) == "RuleException" and "CalledProcessError" in message
        return (
            event != LogEvent.JOB_ERROR
            and not of_script
            and not any(known in message for known in self.KNOWN)
        )


def side_by_side(resources):
    """How many jobs that ask for these resources fit at the same time."""
    there = workflow.scheduler.global_resources
    return min(there[name] // asked for name, asked in resources.items() if name in there and asked)


def log_of_snakemake():
    """The path of Snakemake's log."""
    return ", ".join(map(os.path.relpath, workflow.logger_manager.get_logfile()))


output_settings = workflow.logger_manager.settings
asked_for_else = (
    output_settings.dryrun
    or output_settings.verbose
    or output_settings.debug_dag
    or {*(output_settings.quiet or ())} - {Quietness.HOST}
)
if workflow.is_main_process and not IS_MODULE and not asked_for_else:
    for handler in [*snakemake_logger.handlers]:
        if handler.name == "DefaultStreamHandler":
            snakemake_logger.removeHandler(handler)
            snakemake_logger.addHandler(Terminal(handler))
