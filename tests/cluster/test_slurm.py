"""A small grid through profiles/slurm on a real SLURM, where things go wrong; `make cluster-test`.

One run of Snakemake is disturbed in every way at once; its end is compared with one on this machine alone.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import slurm
import yaml
from conll_sentences import write_sentences

ROOT = Path(__file__).parents[2]
PATIENCE = 1800  # seconds, on a machine that does other work besides
# Long enough to be met in mid-training, and a checkpoint at nearly every step.
CONFIG = {
    "mirror": "mirror",
    "allow_cpu": True,  # the GPUs are declared alone
    "datasets": {
        "demo": {
            "generator": {
                **{"posts": {"train": 120, "dev": 20, "test": 20}, "ambiguous": 0.5, "image_size": 32},
                **{"images": "matched", "seed": 1},
            }
        },
        "own": {
            **{"format": "conll", "types": ["PER", "LOC"], "splits": {"train": "train.conll"}},
            "files": {"train.conll": {"url": "http://127.0.0.1:9/train.conll", "mirror": "train.conll"}},
        },
    },
    "text_encoders": {"bilstm": {"training": {"learning_rate": {"text": 2.0e-3}}}},
    "image_encoders": {"cnn": {"size": 32, "options": {"channels": [8, 8, 8, 8, 8]}}},
    "training": {"epochs": 30, "patience": 30, "batch_tokens": 64, "checkpoint_seconds": 0.1},
    "grid": [
        {
            **{"datasets": ["demo"], "text_encoders": ["bilstm"], "image_encoders": ["cnn"]},
            **{"fusions": ["linear"], "seeds": [1, 2, 3, 4]},
        },
        {"datasets": ["own"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]},
    ],
}
REQUEUED, CANCELLED, HUNG, SIGNALLED = SEEDS = 1, 2, 3, 4
DEMO = CONFIG | {"grid": CONFIG["grid"][:1]}


def run_folder(seed: int) -> str:
    return f"results/runs/demo/none/bilstm+cnn/linear/seed{seed}"


def about_training(seed: int) -> str:
    return f"rule_train_wildcards_demo_none_bilstm_cnn_linear_{seed}"


def start(folder: Path, config: dict, *arguments: str) -> subprocess.Popen:
    """Start Snakemake in ``folder``, in a process group of its own."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", str(file), *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=(folder / "output.txt").open("w"),
        stderr=subprocess.STDOUT,
        process_group=0,
    )


def finish(process: subprocess.Popen, folder: Path) -> tuple[int, str]:
    """Wait for Snakemake; its status and all that it printed."""
    try:
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
    return process.returncode, (folder / "output.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Disturbed:
    """What is left of the disturbed run of Snakemake: its folder, status, output, and SLURM's own record."""

    folder: Path
    status: int
    output: str
    jobs: list[slurm.Job]

    def attempts(self, about: str) -> list[slurm.Job]:
        return [job for job in self.jobs if job.about == about]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A SLURM that runs, and the options that make Snakemake use it."""
    if reason := slurm.missing():
        pytest.skip(reason)
    quick = ["--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "10"]
    with slurm.running_slurm(tmp_path_factory.mktemp("slurm")):
        # There is no accounting here that sacct could ask.
        yield ["--profile", str(ROOT / "profiles/slurm"), "--slurm-status-command", "squeue", *quick]


@pytest.fixture(scope="module")
def disturbed(profile: list[str], tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """One data set cannot be read; four trainings are stopped in their middle, each in another way."""
    folder = tmp_path_factory.mktemp("disturbed")
    write_sentences(folder / "mirror", "LCO")

    def requeue(job: slurm.Job) -> None:
        slurm.ask("scontrol", "requeue", job.id)
        while slurm.job(job.id).state != "PENDING":
            time.sleep(0.2)
        # SLURM would wait for two minutes.
        slurm.ask("scontrol", "update", f"JobId={job.id}", "StartTime=now")

    def hang(job: slurm.Job) -> None:
        for process in slurm.processes(job):
            os.kill(process, signal.SIGSTOP)
        slurm.ask("scontrol", "update", f"JobId={job.id}", "TimeLimit=1")

    stop: dict[int, Callable[[slurm.Job], None]] = {
        REQUEUED: requeue,
        CANCELLED: lambda job: slurm.ask("scancel", job.id),
        HUNG: hang,
        SIGNALLED: lambda job: slurm.ask("scancel", "--signal=USR1", job.id),
    }
    process = start(folder, CONFIG, *profile)
    try:
        for _ in range(PATIENCE):
            time.sleep(1)
            running = {job.about: job for job in slurm.jobs() if job.state == "RUNNING"}
            for seed in list(stop):
                job = running.get(about_training(seed))
                if job and (folder / run_folder(seed) / "checkpoint.pt").exists():
                    stop.pop(seed)(job)
                    assert not (folder / run_folder(seed) / "model.safetensors").exists(), "too late"
            if not stop or process.poll() is not None:
                break
        assert not stop, f"seeds {[*stop]} were not met in training"
        status, output = finish(process, folder)
    except BaseException:
        print((folder / "output.txt").read_text(encoding="utf-8"))
        raise
    finally:
        process.kill()
        process.wait()
    return Disturbed(folder, status, output, slurm.jobs())


def test_every_job_but_downloads_ran_under_slurm(disturbed: Disturbed):
    assert (disturbed.folder / "resources/data/own/train.conll").exists()
    rules = {job.about.split("_wildcards_")[0] for job in disturbed.jobs}
    rules_of_the_demo = {"rule_make_demo", "rule_prepare", "rule_image_store", "rule_train"}
    assert rules == rules_of_the_demo | {"rule_predict", "rule_score"}
    assert sum(job.about.startswith("rule_predict") for job in disturbed.jobs) == 4


def test_training_is_given_a_gpu_and_nothing_else_is(disturbed: Disturbed):
    gpus = defaultdict(set)
    for job in disturbed.jobs:
        trains = job.about.startswith("rule_train_")
        gpus[trains].add((job.fields["Partition"], job.gpus))
    assert gpus == {True: {("gpu", 1)}, False: {("cpu", 0)}}


def test_a_failing_job_is_reported_with_its_log_and_the_rest_goes_on(disturbed: Disturbed):
    assert disturbed.status != 0
    attempts = disturbed.attempts("rule_prepare_wildcards_own")
    assert [job.state for job in attempts] == ["FAILED"] * 3
    for job in attempts:
        log = f"{disturbed.folder}/.snakemake/slurm_logs/rule_prepare/own/{job.id}.log"
        assert log in disturbed.output and "the label 'B-LCO'" in Path(log).read_text(encoding="utf-8")
    last = disturbed.output[disturbed.output.rindex("\nmnerflow: ") :]
    assert "own/train.conll: post 'train-1', token 3: the label 'B-LCO'" in last
    assert "log     results/logs/prepare/own.log" in last
    for seed in SEEDS:
        assert json.loads((disturbed.folder / run_folder(seed) / "scores.json").read_text())


@pytest.mark.parametrize(
    ("seed", "states", "said"),
    [
        (REQUEUED, ["COMPLETED"], "stopped by SIGTERM"),
        (CANCELLED, ["CANCELLED", "COMPLETED"], "stopped by SIGTERM"),
        (HUNG, ["TIMEOUT", "COMPLETED"], "DUE TO TIME LIMIT"),
        (SIGNALLED, ["FAILED", "COMPLETED"], "stopped by SIGUSR1"),
    ],
)
def test_a_stopped_training_starts_again_with_more_and_goes_on(
    seed: int, states: list[str], said: str, disturbed: Disturbed
):
    attempts = disturbed.attempts(about_training(seed))
    assert [job.state for job in attempts] == states
    assert attempts[0].fields["Restarts"] == ("1" if seed == REQUEUED else "0")
    limits = ["00:01:00" if seed == HUNG else "04:00:00", "08:00:00"]
    assert [job.fields["TimeLimit"] for job in attempts] == limits[: len(states)]
    assert [job.fields["MinMemoryNode"] for job in attempts] == ["8000M", "16000M"][: len(states)]
    log = disturbed.folder / f"results/logs/train/demo/none/bilstm+cnn/linear/seed{seed}.log"
    assert "continues from epoch" in log.read_text(encoding="utf-8")
    logs = disturbed.folder / f".snakemake/slurm_logs/rule_train/demo_none_bilstm_cnn_linear_{seed}"
    text = (logs / f"{attempts[0].id}.log").read_text(encoding="utf-8")
    assert said in text and "User defined signal" not in text


def test_in_the_end_nothing_differs_from_an_undisturbed_run(
    disturbed: Disturbed, profile: list[str], tmp_path: Path
):
    status, output = finish(start(tmp_path, DEMO, "--cores", "2", "results/config/scores.csv"), tmp_path)
    assert status == 0, output
    for seed in SEEDS:
        files = [folder / run_folder(seed) / "predictions.jsonl" for folder in (tmp_path, disturbed.folder)]
        assert files[0].read_bytes() == files[1].read_bytes()

    # What was wrong is mended, and the same command does what is left.
    write_sentences(disturbed.folder / "resources/data/own", "LOC")
    before = len(slurm.jobs())
    status, output = finish(start(disturbed.folder, CONFIG, *profile), disturbed.folder)
    assert status == 0, output
    assert (disturbed.folder / "results/config/report.html").exists()
    done = [job.about for job in slurm.jobs()[before:]]
    assert done[:4] == [
        "rule_prepare_wildcards_own",
        "rule_train_wildcards_own_none_bilstm_none_text_only_1",
        "rule_predict_wildcards_own_none_bilstm_none_text_only_1",
        "rule_score_wildcards_own_none_bilstm",
    ]
    # All tables and plots are one job, at most four of them at once.
    assert len(done) == 5 and done[4].startswith("rule_results_")
    assert slurm.jobs()[-1].fields["NumCPUs"] == "4"
