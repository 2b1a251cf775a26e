"""What a process took of the machine's memory."""

import ctypes
import re
import resource
import sys
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h


def peak_memory_mib() -> int:
    """Largest resident memory of this process so far.

    Linux's ``ru_maxrss`` outlives ``exec``: a job would be charged with the memory of the Snakemake that
    started it.
    """
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        [peak] = re.findall(r"VmHWM:\s+(\d+) kB", status)
        return int(peak) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20  # bytes on macOS


class FreedMemory:
    """Has glibc keep what a step of training frees, until the process has grown too much.

    By itself glibc gives large pieces back at once, such as the gradient of a vocabulary, and each step takes
    them from the system anew: a few hundredths of a run's time. But batches of different shapes leave
    holes, so that what is kept grows.
    """

    GROWTH = 384  # MiB; a run of a small encoder hardly ever grows by as much

    def __init__(self) -> None:
        self._base = 0
        libc = ctypes.CDLL(None)
        self._give_back = getattr(libc, "malloc_trim", None)
        if self._give_back:
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)

    def limit(self) -> None:
        """Give it back where the process has grown by ``GROWTH`` since the first call after the last time."""
        if not self._give_back:
            return
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        resident = pages * resource.getpagesize() // 2**20
        self._base = self._base or resident
        if resident > self._base + self.GROWTH:
            self._give_back(0)
            self._base = 0


def no_memory(error: BaseException) -> bool:
    """Whether the memory of machine or GPU is at its end; torch has no class of its own for the machine's."""
    said = ("can't allocate memory", "Cannot allocate memory", "out of memory", "ALLOC_FAILED", "bad_alloc")
    return isinstance(error, MemoryError) or any(words in str(error) for words in said)
