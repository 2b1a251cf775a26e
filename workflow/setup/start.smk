# How the workflow starts: its configuration, where it finds the library, and how it is stopped.
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
logging.raiseExceptions = False  # for a full disk, which is reported in one sentence below

STARTED = time.time()
# Identifies this start of the workflow to its jobs, since max_cost applies to all of them together.
os.environ.setdefault("MNERFLOW_SESSION", f"{STARTED:.3f}")
# A plan is millions of objects that live to the end; collecting garbage among them took a sixth of the time.
gc.set_threshold(200_000, 20, 50)
# Not workflow.basedir: if another Snakefile uses this one as a module, that is the folder of the other Snakefile.
HERE = workflow.current_basedir
if not HERE.is_local:
    sys.exit(
        "mnerflow: its rules call the library beside them. Clone it, and name workflow/Snakefile of the clone."
    )
ROOT = Path(HERE.get_path_or_uri(secret_free=True)).parents[1]
IS_MODULE = not workflow.modifier.is_main_snakefile()
# Conda and container jobs, in which mnerflow is not installed, must also find the library.
sys.path.insert(0, str(ROOT / "src"))
os.environ.update(PYTHONPATH=str(ROOT / "src"))
# `sbatch --signal=USR1` goes to all processes of a job. Training handles it, so it must not end Snakemake first.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)

from mnerflow.compute import lifeline
from mnerflow.config.keys import check_keys
from mnerflow.errors import UserError, printable
from mnerflow.files.writing import check_space
from mnerflow.plan.settings import merge
from mnerflow.yaml_file import read_yaml


include: "terminal.smk"


INTERRUPTED = 128 + signal.SIGINT  # the exit status after Ctrl-C
interrupted = False


def end_at_second_interrupt(number, frame):
    """The first Ctrl-C waits for the jobs to end, the second exits at once; see mnerflow.compute.lifeline."""
    global interrupted
    interrupted = True
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(INTERRUPTED))
    print("mnerflow: stopped", file=sys.stderr)
    sys.exit(INTERRUPTED)


def lift_default_limit():
    """Let Snakemake start as many jobs per second as it can, unless the user sets a limit.

    The default limit of 100 has no effect here. But because of it, Snakemake goes through the ready jobs again one
    second later, and so on forever, and each job that ends adds another such round.
    """
    limit = workflow.scheduler.job_rate_limiter
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def stop(why):
    """End the workflow with one sentence."""
    sys.exit(printable(f"mnerflow: {why}"))


# Where Snakemake writes in addition to the results: its notes, copies of scripts, temporary files.
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

# Later files override earlier ones.
DEFAULTS = [ROOT / "config/datasets.yaml", ROOT / "config.yaml"]
try:  # For broken YAML, Snakemake would name neither file nor line.
    for file in DEFAULTS:
        check_keys(file)
except UserError as error:
    stop(error)


configfile: DEFAULTS[0]
configfile: DEFAULTS[1]


if IS_MODULE:  # Snakemake does not read the `configfile` of a module that is given a `config`
    for file in reversed(DEFAULTS):
        config = merge(read_yaml(file, "configuration", "Correct it."), config)
