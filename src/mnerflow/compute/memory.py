"""Memory that a process takes from the machine."""

import ctypes
import re
import resource
import sys
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h


def peak_memory_mib() -> int:
    """Largest resident memory of this process so far, in MiB.

    On Linux, ``ru_maxrss`` survives ``exec`` and would charge a job with the memory of the Snakemake process
    that started it.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform != "linux":
        return peak // 2**20  # bytes on macOS
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)  # kernels of sandboxes (gVisor) leave it out
    return (int(found[1]) if found else peak) // 1024


class FreedMemory:
    """Makes glibc keep the memory that a training step frees, until the process has grown too much.

    By default, glibc returns large pieces at once, such as the gradient of a vocabulary, and each step
    requests them again: a few hundredths of a run's time. But batches of different shapes leave holes, so the
    kept memory grows.
    """

    GROWTH = 384  # MiB; a run of a small encoder rarely grows by as much

    def __init__(self) -> None:
        self._base = 0
        libc = ctypes.CDLL(None)
        self._give_back = getattr(libc, "malloc_trim", None)
        if self._give_back:
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)

    def limit(self) -> None:
        """Return free memory to the system if the process has grown by ``GROWTH``.

        Growth counts from the first call after memory was last returned.
        """
        if not self._give_back:
            return
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        resident = pages * resource.getpagesize() // 2**20
        self._base = self._base or resident
        if resident > self._base + self.GROWTH:
            self._give_back(0)
            self._base = 0


def is_hardware_error(error: BaseException) -> bool:
    """Whether the machine raised an error: memory ran out, or CUDA failed."""
    return no_memory(error) or "CUDA error" in str(error)


def no_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out; torch has no exception class for the machine's memory."""
    said = ("can't allocate memory", "Cannot allocate memory", "out of memory", "ALLOC_FAILED", "bad_alloc")
    return isinstance(error, MemoryError) or any(words in str(error) for words in said)
