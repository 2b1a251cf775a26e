"""The GPUs of a machine and those that a job computes on, chosen before torch uses any."""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import count, takewhile
from pathlib import Path
from urllib.parse import quote

from mnerflow.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"
# Values that mean no GPU; CUDA ignores whatever follows them.
NO_GPU = ("", "-1", "NoDevFiles")
ALL_THE_SAME = "To compute on processors all the same: --config allow_cpu=true."
# Open as long as the process lives: the kernel frees a lock however the process ends.
_locks: list[int] = []


def find_gpus() -> list[str]:
    """Names of the GPUs that a job may use: those that the environment allows, otherwise all."""
    if VISIBLE in os.environ:
        names = map(str.strip, os.environ[VISIBLE].split(","))
        return [*dict.fromkeys(takewhile(lambda name: name not in NO_GPU, names))]
    command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [name for name in shown.split() if name.startswith("GPU-")]


def check_gpus(gpus: Sequence[str]) -> None:
    """Raise ``UserError`` if PyTorch cannot compute on one of them; each is tried in its own process."""
    tried = {
        gpu: subprocess.Popen(
            [sys.executable, "-m", __name__],
            env=os.environ | {VISIBLE: gpu},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for gpu in gpus
    }
    said = {gpu: process.communicate()[1].strip() for gpu, process in tried.items()}
    if troubles := {gpu: said[gpu].rpartition("\n")[2] for gpu in gpus if tried[gpu].returncode}:
        raise UserError(_unusable(troubles))


def take_gpus(number: int, allow_cpu: bool = False) -> None:
    """Restrict this process to ``number`` GPUs that no other job on the machine has taken.

    If there are fewer GPUs, it gets all; if too many are taken, it shares them as ``assign`` does. It must be
    called before torch asks for a GPU. A job that wants none is left as it is. Within a SLURM allocation,
    which may count its own GPUs from 0, only jobs of the same allocation avoid each other. Unless
    ``allow_cpu``, raises ``UserError`` if PyTorch cannot use the GPUs, or if SLURM was asked for GPUs and
    gave none.
    """
    gpus = find_gpus() if number else []
    if gpus:
        allocation = os.environ.get("SLURM_JOB_ID", "all")
        folder = Path(tempfile.gettempdir()) / f"mnerflow-gpus-{os.getuid()}-{allocation}"
        gpus = assign(gpus, number, folder)
        os.environ[VISIBLE] = ",".join(gpus)
    if not number or allow_cpu:
        return
    if not gpus and "SLURM_GPUS" in os.environ:
        raise UserError(
            f"SLURM was asked for {os.environ['SLURM_GPUS']} GPUs, and this job sees none. See what the "
            f"profile asks for. {ALL_THE_SAME}"
        )
    if gpus and (reason := trouble()):
        raise UserError(_unusable(dict.fromkeys(gpus, reason)))


def assign(gpus: Sequence[str], number: int, folder: Path) -> list[str]:
    """Reserve ``number`` GPUs until this process ends, the least used first; returns them in the given order.

    If every GPU is taken by some job, because more jobs than GPUs run at once, they are shared evenly.

    Args:
        gpus: names of all GPUs.
        number: how many are wanted; a larger number than there are means all.
        folder: folder shared by the jobs, with one file per GPU and job, locked while that job uses the GPU.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held: set[str] = set()
    places = ((gpu, place) for place in count() for gpu in gpus)
    while len(held) < min(number, len(gpus)):
        gpu, place = next(places)
        if gpu not in held and _lock(folder / f"{quote(gpu, safe='')}.{place}"):
            held.add(gpu)
    return [gpu for gpu in gpus if gpu in held]


def _lock(file: Path) -> bool:
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    _locks.append(handle)
    return True


def trouble(*, compute: bool = False) -> str | None:
    """Reason why PyTorch cannot use the GPUs that this process sees, or ``None``.

    Args:
        compute: whether to add two numbers on the first GPU, which takes some of its memory for good.
    """
    import torch  # takes seconds, which planning must not cost

    if torch.version.cuda is None:
        return f"PyTorch {torch.__version__} is built without CUDA"
    try:
        torch.cuda.init()
        if compute:
            torch.ones(1, device="cuda").add(1).item()
    except RuntimeError as error:
        return f"PyTorch {torch.__version__}: {error}".partition("\n")[0]
    return None


def _unusable(troubles: dict[str, str]) -> str:
    found = f"{VISIBLE} names" if VISIBLE in os.environ else "nvidia-smi shows"
    reasons = "; ".join(dict.fromkeys(troubles.values()))
    return (
        f"{found} GPUs that PyTorch cannot compute on: {', '.join(troubles)} ({reasons}). Mend the driver, "
        f"install a PyTorch that fits it, or name other GPUs in {VISIBLE}. {ALL_THE_SAME}"
    )


if __name__ == "__main__":
    sys.exit(trouble(compute=True))
