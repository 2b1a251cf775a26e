"""Which GPUs a machine has and which of them a job computes on; known before torch is asked."""

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
# Open for as long as the process lives: the kernel frees a lock however its process ends.
_locks: list[int] = []


def find_gpus() -> list[str]:
    """Names of the GPUs that a job may use: those that the environment allows, else all of the machine."""
    if VISIBLE in os.environ:
        return [name for name in os.environ[VISIBLE].split(",") if name.strip() and name != "-1"]
    command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return []


def take_gpus(number: int) -> None:
    """Let this process see ``number`` GPUs, as far as there are, that no other job on the machine holds.

    To be called before torch asks for a GPU. A job that wants none is left as it is. Within an allocation of
    SLURM, which may count its own GPUs from 0, only jobs of the same allocation meet.
    """
    if number and (gpus := find_gpus()):
        allocation = os.environ.get("SLURM_JOB_ID", "all")
        folder = Path(tempfile.gettempdir()) / f"mnerflow-gpus-{os.getuid()}-{allocation}"
        os.environ[VISIBLE] = ",".join(assign(gpus, number, folder))


def assign(gpus: Sequence[str], number: int, folder: Path) -> list[str]:
    """Hold ``number`` GPUs, in the order given, until this process ends; the least used ones first.

    When each is held by some job, as where more jobs than GPUs are run at once, they are shared evenly.

    Args:
        gpus: names of all GPUs.
        number: how many are wanted; more than there are is all of them.
        folder: where jobs meet: a file a GPU and job, locked while it is held.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held: set[str] = set()
    for place in count():
        for gpu in gpus:
            if len(held) >= min(number, len(gpus)):
                return [gpu for gpu in gpus if gpu in held]
            if gpu not in held and _lock(folder / f"{gpu}.{place}"):
                held.add(gpu)


def _lock(file: Path) -> bool:
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    _locks.append(handle)
    return True
