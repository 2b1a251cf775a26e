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
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20  # bytes on macOS


class FreedMemory:
    """What a step of training frees, kept by glibc for the next one; a few hundredths of a run's time.

    Else glibc returns large pieces at once, as the gradient of a vocabulary, and each step has to take them
    from the system anew. But batches of ever other shapes leave holes, so that what is kept grows.
    """

    GROWTH = 384  # MiB

    def __init__(self) -> None:
        self._first = 0
        libc = ctypes.CDLL(None)
        self._give_back = getattr(libc, "malloc_trim", None)
        if self._give_back:
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)

    def limit(self) -> None:
        """Give it back if, since the first step after it was last given back, it has grown by ``GROWTH``."""
        if not self._give_back:
            return
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        resident = pages * resource.getpagesize() // 2**20
        self._first = self._first or resident
        if resident > self._first + self.GROWTH:
            self._give_back(0)
            self._first = 0


def no_memory(error: Exception) -> bool:
    """Whether the memory of machine or GPU is at its end; torch has no class of its own for the machine's."""
    said = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, MemoryError) or any(words in str(error) for words in said)
