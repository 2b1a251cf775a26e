"""Leave in good order when a cluster wants its node back."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mnerflow.log import logger

# SLURM sends the first before it kills, at a time limit, a preemption or `scancel`; the second is what
# `sbatch --signal=USR1@SECONDS` is mostly set to.
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)

_received: signal.Signals | None = None


class Preempted(Exception):
    """The process was asked to end, and what it has done so far is saved."""


@contextmanager
def preemptible() -> Iterator[None]:
    """While the block runs, SIGTERM and SIGUSR1 only ask it to end; ``leave_if_preempted`` then does.

    The process ends with status 128 + signal, as if the signal had killed it: a failure, which Snakemake
    retries.
    """
    global _received
    before = {number: signal.signal(number, _receive) for number in SIGNALS}
    try:
        yield
    except Preempted:
        assert _received is not None  # only a signal makes anything raise it
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
    """Raise ``Preempted`` when the process was asked to end."""
    if preempted():
        raise Preempted


def _receive(number: int, frame: FrameType | None) -> None:
    global _received
    _received = signal.Signals(number)
