# How a start of the workflow behaves: its configuration, where it finds the library, what ends it.
import gc
import logging
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")
logging.raiseExceptions = False  # of a full disk, which is told of in one sentence below

STARTED = time.time()
# Names this start of the workflow to its jobs: max_cost holds for all of them together.
os.environ.setdefault("MNERFLOW_SESSION", f"{STARTED:.3f}")
# A plan is millions of objects that live to its end; looking for garbage among them took a sixth of the time.
gc.set_threshold(200_000, 20, 50)
# Not workflow.basedir, which is where another Snakefile lies that uses this one as a module.
HERE = workflow.current_basedir
if not HERE.is_local:
    sys.exit(
        "mnerflow: its rules call the library beside them. Clone it, and name workflow/Snakefile of the clone."
    )
ROOT = Path(HERE.get_path_or_uri(secret_free=True)).parents[1]
IS_MODULE = not workflow.modifier.is_main_snakefile()
# So that conda and container jobs, in which mnerflow is not installed, find the library too.
sys.path.insert(0, str(ROOT / "src"))
os.environ.update(PYTHONPATH=str(ROOT / "src"))
# `sbatch --signal=USR1` goes to all processes of a job; training answers it, and Snakemake must not die of it first.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)

from mnerflow.compute import lifeline
from mnerflow.config.keys import check_keys
from mnerflow.errors import UserError, printable
from mnerflow.files import check_space
from mnerflow.plan.settings import merge
from mnerflow.yaml_file import read_yaml


include: "terminal.smk"


INTERRUPTED = 128 + signal.SIGINT  # what a start that Ctrl-C ended exits with
interrupted = False


def end_at_second_interrupt(number, frame):
    """The first Ctrl-C waits for the jobs to end, the second for nothing; see mnerflow.compute.lifeline."""
    global interrupted
    interrupted = True
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(INTERRUPTED))
    print("mnerflow: stopped", file=sys.stderr)
    sys.exit(INTERRUPTED)


def lift_default_limit():
    """Let Snakemake start as many jobs a second as it can, where it is told no number of its own.

    Its default of 100 limits nothing here. But for its sake Snakemake goes through the ready jobs a second after it
    last did, and so on for ever, once more with each job that ends.
    """
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def stop(why):
    """End the workflow with one sentence."""
    sys.exit(printable(f"mnerflow: {why}"))


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
        stop(error)

if workflow.modifier.modify_path("results") != "results":
    stop("its files lie in `results` and `resources`: leave `prefix` out of the module.")

# In the order in which they lie over each other.
DEFAULTS = [ROOT / "config/datasets.yaml", ROOT / "config.yaml"]
try:  # Of broken YAML Snakemake says neither file nor line.
    for file in DEFAULTS:
        check_keys(file)
except UserError as error:
    stop(error)


configfile: DEFAULTS[0]
configfile: DEFAULTS[1]


if IS_MODULE:  # Snakemake reads no `configfile` of a module that is given a `config`
    for file in reversed(DEFAULTS):
        config = merge(read_yaml(file, "configuration", "Correct it."), config)
