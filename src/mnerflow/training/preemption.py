"""Orderly exit of a job when a cluster wants its node back."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mnerflow.log import logger

# SLURM sends SIGTERM before it kills a job, at a time limit, a preemption or `scancel`. SIGUSR1 is the usual
# choice for `sbatch --signal=USR1@SECONDS`.
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)

_received: signal.Signals | None = None


class Preempted(Exception):
    """The process was asked to end, and its work so far is saved."""


@contextmanager
def preemptible() -> Iterator[None]:
    """Let SIGTERM and SIGUSR1 only request the end of the block; ``leave_if_preempted`` then ends it.

    The process exits with status 128 + signal, as if the signal had killed it. Snakemake takes this for a
    failure and retries it.
    """
    global _received
    before = {number: signal.signal(number, _receive) for number in SIGNALS}
    try:
        yield
    except Preempted:
        assert _received is not None  # it is raised only after a signal
        logger.warning("stopped by %s, the checkpoint is written; run again to go on", _received.name)
        sys.exit(128 + _received)
    finally:
        _received = None
        for number, handler in before.items():
            signal.signal(number, handler)


def preempted() -> bool:
    """Whether the process was asked to end."""
    return _received is not None


def leave_if_preempted() -> None:
    """Raise ``Preempted`` if the process was asked to end."""
    if preempted():
        raise Preempted


def _receive(number: int, frame: FrameType | None) -> None:
    global _received
    _received = signal.Signals(number)
