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


def keep_freed() -> None:
    """Have glibc keep freed memory until ``give_back``; else it returns large pieces at once.

    The gradient of a vocabulary is such a piece, which each step would have to take from the system anew.
    """
    if option := getattr(ctypes.CDLL(None), "mallopt", None):
        option(M_MMAP_MAX, 0)
        option(M_TRIM_THRESHOLD, 2**31 - 1)


def give_back() -> None:
    """Return freed memory to the system, of which glibc keeps what lies between pieces still in use."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def no_memory(error: Exception) -> bool:
    """Whether the memory of machine or GPU is at its end; torch has no class of its own for the machine's."""
    said = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, MemoryError) or any(words in str(error) for words in said)
