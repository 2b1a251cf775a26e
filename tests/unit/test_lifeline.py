"""Starts and their jobs, as processes of their own: whose locks are removed, and which jobs end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

START = """
import signal, subprocess, sys
from pathlib import Path
from mnerflow.compute import lifeline
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which tests that run under nohup ignore
{change}
locks = Path("locks")
locks.mkdir(exist_ok=True)
print(lifeline.begin(Path("starts"), locks), flush=True)
(locks / "0.input.lock").touch()
{work}
print("at work", flush=True)
sys.stdin.read()
"""
JOB = """
import signal, time
from mnerflow.compute import lifeline
lifeline.GRACE = 1.0
lifeline.end_with_start()
{change}
print("job at work", flush=True)
time.sleep(60)
"""
ELSEWHERE = "lifeline.works_elsewhere()"
OTHER_HOST = "lifeline.socket.gethostname = lambda: 'other'"
OTHER_KERNEL = "lifeline._machine = lambda: 'other'"
NO_LOCKS = "def flock(*_): raise OSError('No locks available')\nlifeline.fcntl.flock = flock"


def start(folder: Path, change: str = "", work: str = "") -> tuple[str, subprocess.Popen]:
    """A start of the workflow in ``folder`` that is at work: why it found locks, and its process."""
    process = subprocess.Popen(
        [sys.executable, "-c", START.format(change=change, work=work)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = process.stdout.readline().strip()
    assert "at work\n" in iter(process.stdout.readline, ""), "it ended before it was at work"
    return said, process


def with_job(change: str) -> str:
    """What a start does that has a job: it waits until the job is at work."""
    job = JOB.format(change=change)
    return (
        f"job = subprocess.Popen([sys.executable, '-c', {job!r}], stdout=subprocess.PIPE, text=True)\n"
        "job.stdout.readline()"
    )


@pytest.mark.parametrize(
    ("change", "work", "end", "said"),
    [
        ("", "", "killed", "None"),
        (OTHER_HOST, "", "killed", "None"),  # as another container of this machine has
        (OTHER_KERNEL, "", "killed", "None"),  # as this machine after it was started anew
        ("", "", "hung up", "None"),
        ("", with_job(""), "killed", "None"),
        ("", with_job("signal.signal(signal.SIGTERM, signal.SIG_IGN)"), "killed", "None"),
        ("", "", "stopped", "another start works here (process "),
        ("", "", "ended", "a start that cannot be looked for left its locks"),
        ("", ELSEWHERE, "killed", "may still run on other machines"),
        (f"{OTHER_HOST}; {OTHER_KERNEL}", "", "killed", "may still run on other machines"),
    ],
)
def test_locks_are_removed_where_nothing_of_a_start_can_live(
    change: str, work: str, end: str, said: str, tmp_path: Path
) -> None:
    before, first = start(tmp_path, change, work)
    assert before == "None"
    if end == "ended":
        first.communicate("")
    else:
        first.send_signal(
            {"killed": signal.SIGKILL, "hung up": signal.SIGHUP, "stopped": signal.SIGSTOP}[end]
        )
    if end in ("killed", "hung up"):
        first.wait()
    now, second = start(tmp_path)
    assert said in now
    second.communicate("")
    first.kill()
    first.wait()


def test_locks_stay_where_nobody_can_see_who_lives(tmp_path: Path) -> None:
    _, first = start(tmp_path)
    first.kill()
    first.wait()
    now, second = start(tmp_path, NO_LOCKS)
    assert now == "whether another start works here cannot be seen (No locks available)"
    second.communicate("")
