"""One log per job: its messages, what it did and how long it took, without tracebacks for user errors."""

import logging
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import BufferingHandler
from pathlib import Path
from types import FrameType
from typing import TextIO

from mnerflow.compute.lifeline import end_with_start
from mnerflow.compute.memory import no_memory, peak_memory_mib
from mnerflow.errors import UserError, printable
from mnerflow.files.writing import advice
from mnerflow.secrets import hide

logger = logging.getLogger("mnerflow")
FEW = 10  # warnings of a kind that a job writes to the terminal
logging.raiseExceptions = False  # no traceback if a log cannot be written


@contextmanager
def job(title: str, log_file: str | Path) -> Iterator[logging.Logger]:
    """Log to ``log_file`` and to the terminal while the block runs.

    The last lines report the resources used, ``title`` and the seconds it took. A ``UserError`` or a lack of
    memory ends the process with status 1 and a message, Ctrl-C with status 130, and SIGTERM with 143. The end
    of the workflow's start also sends SIGTERM. Any other exception is a defect: its traceback is logged, and
    the process ends with status 1.
    """
    end_with_start()
    path = Path(log_file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        to_file = log_to(path)
    except OSError as error:
        sys.exit(f"mnerflow: {path}: the log could not be written ({error.strerror}). {advice(error)}")
    start = time.monotonic()
    before = signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # set by `mnerflow.compute.start_up`
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield logger
    except UserError as error:
        logger.error("%s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # The process ends; a second one would show a traceback.
        logger.warning("stopped after %.1f s; run again to go on", time.monotonic() - start)
        sys.exit(130)
    except Exception as error:
        _log_failure(title, error)
        sys.exit(1)  # raising it again would print it with the secrets that it may quote
    else:
        processor_time = sum(os.times()[:4])  # including processes that it started
        logger.info("processor time %.1f s, peak memory %d MiB", processor_time, peak_memory_mib())
        logger.info("done: %s in %.1f s", title, time.monotonic() - start)
    finally:
        signal.signal(signal.SIGTERM, before)
        with suppress(OSError):  # a full disk, already reported on the terminal
            to_file.close()


def _log_failure(title: str, error: Exception) -> None:
    """Log what to do about a lack of memory or, with its traceback, about a defect."""
    if no_memory(error):
        logger.error(
            "%s: the system gave no more memory (%s). Run fewer jobs at once, give this one more, or "
            "lower `batch_tokens` in its `training` settings.",
            title,
            str(error).partition("\n")[0] or type(error).__name__,
        )
        return
    place = traceback.extract_tb(error.__traceback__)[-1]
    logger.error(
        "%s: %s: %s (%s:%d). Mend it where that is a file of yours; else it is a defect in mnerflow, "
        "please report it",
        title,
        type(error).__name__,
        error,
        place.filename,
        place.lineno,
        exc_info=error,
    )


def _stop(number: int, frame: FrameType | None) -> None:
    logger.warning("stopped by %s; run again to go on", signal.Signals(number).name)
    sys.exit(128 + number)


def failure(log: str) -> str | None:
    """Why a job failed, according to its log; ``None`` if it did not fail.

    If the job could not log a reason, the most probable cause is returned.
    """
    if said := log.partition(" ERROR ")[2]:
        return said.partition("\nTraceback")[0].strip()
    last = log.rstrip().rpartition("\n")[2]
    if any(words in last for words in (" done: ", " stopped by ", " stopped after ")):
        return None
    return (
        "a job was killed before it could say why, mostly a sign that memory did not suffice. Run fewer jobs "
        "at once (`--cores`), give this one more, or lower `batch_tokens` in its `training` settings."
    )


def log_to(path: str | Path) -> logging.FileHandler:
    """Append the log to a file, and write warnings to the terminal, a few of each kind."""
    to_file = logging.FileHandler(path, mode="a", encoding="utf-8")
    to_file.setFormatter(_Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logger.setLevel(logging.INFO)
    logger.handlers = [to_file, _Terminal("%(message)s", f"{path} lists more like this one")]
    return to_file


def warn_on_terminal() -> None:
    """Write a command's warnings to the terminal, like its errors."""
    logger.handlers = [_Terminal("mnerflow: %(message)s")]


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect the warnings of a block, each once, instead of logging them; complete when the block ends."""
    said: list[str] = []
    ear, before = BufferingHandler(sys.maxsize), logger.handlers
    ear.setLevel(logging.WARNING)
    logger.handlers = [ear]
    try:
        yield said
    finally:
        logger.handlers = before
        said += dict.fromkeys(record.getMessage() for record in ear.buffer)


class _Terminal(logging.StreamHandler[TextIO]):
    """Writes warnings to the terminal; with ``more``, a few of each kind and then that sentence."""

    def __init__(self, form: str, more: str = "") -> None:
        super().__init__(sys.stderr)
        self.setFormatter(_Formatter(form))
        self.setLevel(logging.WARNING)
        self.more, self.counts = more, Counter[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self.counts[record.msg] += 1
        if not self.more or self.counts[record.msg] <= FEW:
            super().emit(record)
        elif self.counts[record.msg] == FEW + 1:
            super().emit(logging.makeLogRecord({"msg": self.more}))


class _Formatter(logging.Formatter):
    """Formats records without secrets, which library errors may quote, and without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(hide(super().format(record)))
