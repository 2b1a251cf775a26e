"""A SLURM cluster of one node on this machine: three daemons as child processes, stopped by their ids."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# A job step drops SLURM_CONF, so the configuration has to be where SLURM looks by default.
CONFIGURATION = Path("/etc/slurm")
OURS = "# Written by mnerflow's cluster test, removed at its end.\n"

# The memory and processors may exceed the machine's, because only what jobs request matters here.
SLURM_CONF = """\
ClusterName=mnerflow
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
# Ended jobs can be asked about until the test is over.
MinJobAge=3600
KillWait=5
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=256000 Gres=gpu:fake:2 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=2880 State=UP
PartitionName=gpu Nodes={host} MaxTime=2880 State=UP
"""
# A GRES without a File makes the node invalid; any two devices will do.
GRES_CONF = """\
AutoDetect=off
NodeName={host} Name=gpu Type=fake File=/dev/null
NodeName={host} Name=gpu Type=fake File=/dev/zero
"""


@dataclass(frozen=True)
class Job:
    """What SLURM itself reports about a job."""

    fields: dict[str, str]

    @property
    def id(self) -> str:
        return self.fields["JobId"]

    @property
    def state(self) -> str:
        return self.fields["JobState"]

    @property
    def about(self) -> str:
        """The rule and wildcards of a single job; for a group of jobs, another name."""
        return self.fields.get("Comment", "")

    @property
    def gpus(self) -> int:
        """Number of allocated GPUs, also for a finished job."""
        found = re.fullmatch(r"gpu:\w+:(\d+)", self.fields.get("JOB_GRES", ""))
        return int(found[1]) if found else 0


def missing() -> str | None:
    """Why no SLURM can be started here; ``None`` if one can."""
    if os.geteuid():
        return "SLURM's daemons are started as root"
    absent = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(name)]
    if absent:
        return f"{', '.join(absent)} not found; `make cluster-test` installs them on Debian"
    file = CONFIGURATION / "slurm.conf"
    if file.exists():
        left_over = file.read_text(encoding="utf-8").startswith(OURS)
        if not left_over or "is UP" in ask("scontrol", "ping"):
            return f"{file} is of a SLURM in use"
    return None


@contextmanager
def running_slurm(folder: Path) -> Iterator[None]:
    """Start SLURM with partitions ``cpu`` and ``gpu`` and two declared GPUs; stop it at the end."""
    host = socket.gethostname().split(".")[0]
    values = {"host": host, "folder": folder, "ports": _free_ports()}
    files = {CONFIGURATION / "slurm.conf": SLURM_CONF, CONFIGURATION / "gres.conf": GRES_CONF}
    for part in ("state", "spool", "log"):
        (folder / part).mkdir(parents=True)
    # SLURM's commands reach munge through the socket's folder, and munged checks who may write there.
    folder.chmod(0o755)
    CONFIGURATION.mkdir(exist_ok=True)
    for file, text in files.items():
        file.write_text(OURS + text.format(**values), encoding="utf-8")
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    munge = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"]
    munge += [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "seed", "log")]
    daemons = []
    try:
        for command in (munge, ["slurmctld", "-D", "-c"], ["slurmd", "-D", "-N", host]):
            with (folder / "log" / f"{command[0]}.log").open("w") as log:
                daemons.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        for _ in range(600):
            if any(daemon.poll() is not None for daemon in daemons):
                break
            if ask("sinfo", "--noheader", "--format=%t").strip() == "idle":
                yield
                return
            time.sleep(0.2)
        logs = (file.read_text(encoding="utf-8")[-2000:] for file in (folder / "log").iterdir())
        raise RuntimeError("SLURM did not come up:\n" + "\n".join(logs))
    finally:
        ask("scancel", "--user=root")
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(30)
        for file in files:
            file.unlink()


def jobs() -> list[Job]:
    """All jobs that SLURM has had, including finished ones, in the order of their submission."""
    result = []
    for line in ask("scontrol", "show", "job", "--oneliner", "--details").splitlines():
        if line.startswith("JobId="):
            words = (word.partition("=") for word in line.split())
            # Reversed, because a name may recur for each node, and the job's own comes first.
            result.append(Job({name: value for name, _, value in reversed(list(words))}))
    return result


def job(number: str) -> Job:
    """A job in its current state."""
    return next(job for job in jobs() if job.id == number)


def processes(job: Job) -> list[int]:
    """Process ids of a running job."""
    lines = ask("scontrol", "listpids", job.id).splitlines()[1:]
    return [int(line.split()[0]) for line in lines if line.split()[0].isdigit()]


def ask(*command: str) -> str:
    """The output of a SLURM command."""
    return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout


def _free_ports() -> list[int]:
    with socket.socket() as first, socket.socket() as second:
        for bound in (first, second):
            bound.bind(("127.0.0.1", 0))
        return [first.getsockname()[1], second.getsockname()[1]]
