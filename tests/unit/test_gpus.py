"""GPUs: jobs of one machine take different ones; what a machine without one is told."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

from mnerflow.compute import gpus
from mnerflow.compute.device import gpu_memory
from mnerflow.compute.gpus import VISIBLE, assign, check_gpus, find_gpus, take_gpus
from mnerflow.errors import UserError
from mnerflow.plan.names import Run
from mnerflow.plan.needs import Needs, check_time

HOLD = """
import sys
from pathlib import Path
from mnerflow.compute.gpus import assign
print(*assign(["a", "b", "c"], int(sys.argv[1]), Path(sys.argv[2])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where jobs meet; what this process took is given back at the end."""
    taken: list[int] = []
    monkeypatch.setattr(gpus, "_locks", taken)
    yield tmp_path
    for handle in taken:
        os.close(handle)


def other_job(number: int, folder: Path) -> tuple[list[str], subprocess.Popen]:
    """Another process that holds GPUs: which, and the process."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(number), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process.stdout.readline().split(), process


def test_jobs_of_one_machine_take_different_gpus(folder: Path):
    first, process = other_job(2, folder)
    try:
        assert first == ["a", "b"]
        assert assign(["a", "b", "c"], 1, folder) == ["c"]
        # One more job than GPUs shares one, and not always the same.
        assert assign(["a", "b", "c"], 1, folder) == ["a"]
        assert assign(["a", "b", "c"], 1, folder) == ["b"]
    finally:
        process.kill()
        process.communicate()
    # However a job ends, what it held is free.
    assert assign(["a", "b", "c"], 1, folder) == ["a"]


def test_no_more_than_there_are(folder: Path):
    assert assign(["a", "b"], 3, folder) == ["a", "b"]


def test_only_what_the_environment_allows(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(folder))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)

    def taken(number: int, allowed: str) -> str:
        monkeypatch.setenv(VISIBLE, allowed)
        take_gpus(number, allow_cpu=True)
        return os.environ[VISIBLE]

    assert [taken(1, "2,3"), taken(1, "2,3"), taken(0, "2,3")] == ["2", "3", "2,3"]
    assert [taken(2, "MIG-GPU-a/1/0, MIG-b"), taken(2, "4,4")] == ["MIG-GPU-a/1/0,MIG-b", "4"]
    for none in ("", "-1", "NoDevFiles"):
        assert taken(1, none) == none and find_gpus() == []
    # Allocations of SLURM have GPUs of their own, whatever their names.
    for allocation in ("7", "8"):
        monkeypatch.setenv("SLURM_JOB_ID", allocation)
        assert [taken(1, "2,3"), taken(1, "2,3")] == ["2", "3"]


def test_the_driver_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch):
    tool = folder / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho GPU-1\necho GPU-2\n")
    tool.chmod(0o755)
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert find_gpus() == ["GPU-1", "GPU-2"]
    tool.write_text("#!/bin/sh\necho no driver >&2\nexit 9\n")
    assert find_gpus() == []


JOB = "from mnerflow.compute.gpus import take_gpus; take_gpus(1)"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({VISIBLE: "GPU-none"}, r"CUDA_VISIBLE_DEVICES names GPUs that PyTorch .*: GPU-none \(PyTorch .*\)"),
        ({VISIBLE: "NoDevFiles", "SLURM_GPUS": "2"}, "SLURM was asked for 2 GPUs, and this job sees none"),
    ],
)
def test_a_job_does_not_compute_elsewhere_than_it_was_told(environment: dict[str, str], said: str):
    job = subprocess.run(
        [sys.executable, "-c", JOB], env=os.environ | environment, capture_output=True, text=True
    )
    assert job.returncode and re.search(f"UserError: {said}.*allow_cpu=true", job.stderr)


def test_gpus_that_are_shown_but_cannot_be_used_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VISIBLE, raising=False)
    check_gpus([])
    with pytest.raises(
        UserError, match=r"nvidia-smi shows GPUs .* compute on: GPU-a, GPU-b \(PyTorch \d.*\)"
    ):
        check_gpus(["GPU-a", "GPU-b"])


def test_days_of_processor_time_are_refused():
    runs = [Run("a", "none", "llama", "vit", "linear", seed) for seed in (1, 2, 3, 4)]
    needs = Needs(runs, Counter(llama=60.0, bert=4.0), Counter(), [])
    check_time(needs, cores=4)
    with pytest.raises(UserError) as refused:
        check_time(needs, cores=2)
    said = str(refused.value)
    assert said.startswith(
        "4 runs are to be trained and there is no GPU: on 2 cores that takes about 1.3 days"
    )
    assert "(hours by encoder: llama 30, bert 2)" in said and "--config allow_cpu=true" in said


def test_too_little_gpu_memory_names_a_batch_size():
    said = r"batches of 1,024 subwords\. Try .*batch_tokens: 512.* 2\.00 GiB"
    with pytest.raises(UserError, match=said), gpu_memory(1024):
        raise torch.OutOfMemoryError("Tried to allocate 2.00 GiB.")
