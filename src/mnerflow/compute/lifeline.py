"""Starts of the workflow and their jobs: finds which still run in a folder, and ends jobs with their start.

A start locks a file of its own, which the kernel unlocks however the start ends. Its jobs wait for that lock.
"""

import atexit
import fcntl
import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Thread, main_thread
from typing import IO

VARIABLE = "MNERFLOW_START"
GRACE = 10.0  # seconds that a job has for a checkpoint once its start is gone


@dataclass(frozen=True)
class Start:
    """One start of the workflow; ``elsewhere`` is true if its jobs run on other machines."""

    process: int
    host: str
    machine: str
    begun: str
    elsewhere: bool = False

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, begun {self.begun}"

    def is_here(self) -> bool:
        """Whether it ran on this machine, whose kernel can tell by a lock whether it is still alive."""
        return self.host == socket.gethostname() or self.machine == _machine()


_held: tuple[IO[str], Start] | None = None  # open as long as the process lives


def begin(folder: Path, locks: Path) -> str | None:
    """Register this process among the starts in ``folder`` until it ends; jobs that it starts end with it.

    If all earlier starts and their jobs have ended, for which it waits a little, the files in ``locks`` are
    removed. Returns why some are left, or ``None``.
    """
    why = "a start that cannot be looked for left its locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "guard").open("a") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            found = {file: _why_alive(file) for file in sorted(folder.glob("*.start"))}
            why = next(filter(None, found.values()), why)
            if found and not any(found.values()):
                for file in (*locks.glob("*"), *found):
                    file.unlink(missing_ok=True)
            _hold(folder)
    except OSError as error:
        why = f"whether another start works here cannot be seen ({error})"
    return why if any(locks.glob("*")) else None


def works_elsewhere() -> None:
    """Record that jobs of this start run on other machines, where they do not end with it."""
    if _held:
        file, start = _held
        _write(file, replace(start, elsewhere=True))


def end_with_start() -> None:
    """End this job when its start has ended: first by SIGTERM, then by SIGKILL if that takes too long.

    A job outside of a start, or on another machine, is left alone.
    """
    if VARIABLE not in os.environ:
        return
    try:
        file = Path(os.environ[VARIABLE]).open("rb")  # noqa: SIM115  open as long as the process lives
    except FileNotFoundError:
        sys.exit(128 + signal.SIGTERM)
    if Start(**json.load(file)).is_here():
        Thread(target=_wait_for_end, args=(file,), daemon=True).start()


def _wait_for_end(file: IO[bytes]) -> None:
    with suppress(OSError):  # from a file system without locks
        fcntl.flock(file, fcntl.LOCK_SH)  # It tells the next start that this job is alive.
        if main := main_thread().ident:
            signal.pthread_kill(main, signal.SIGTERM)  # which also wakes it from a wait
        time.sleep(GRACE)
        os.kill(os.getpid(), signal.SIGKILL)


def _why_alive(file: Path) -> str | None:
    with file.open("rb") as handle:
        lives = not _locked(handle, fcntl.LOCK_SH)
        try:
            start = Start(**json.load(handle))
        except ValueError:  # killed before it had written anything
            return None
        if lives:
            return f"another start works here ({start})"
        if start.elsewhere or not start.is_here():
            return f"jobs of a start that has not ended well ({start}) may still run on other machines"
        deadline = time.monotonic() + 2 * GRACE
        while not _locked(handle, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                return f"jobs of a start that was killed ({start}) still run"
            time.sleep(0.1)
    return None


def _locked(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _hold(folder: Path) -> None:
    global _held
    path = folder.absolute() / f"{os.getpid()}-{time.time_ns()}.start"
    begun = time.strftime("%Y-%m-%d %H:%M")
    _held = path.open("x", encoding="utf-8"), Start(os.getpid(), socket.gethostname(), _machine(), begun)
    fcntl.flock(_held[0], fcntl.LOCK_EX)
    _write(*_held)
    os.environ[VARIABLE] = str(path)
    atexit.register(path.unlink, missing_ok=True)


def _write(file: IO[str], start: Start) -> None:
    file.seek(0)
    file.truncate()
    json.dump(asdict(start), file)
    file.flush()


def _machine() -> str:
    """A name of the running kernel, which containers share; the host's name if it gives none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()
