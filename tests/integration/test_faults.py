"""What Snakemake does when its folder is shared, read-only, or of another time."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from disks import mounted
from snakemake_process import Workflow

DATA = "results/data/demo/none/train.jsonl"


def test_two_at_once_in_one_folder(workflow: Workflow, config: dict, tmp_path: Path):
    first = workflow.start(tmp_path, config, DATA)
    deadline = time.monotonic() + 600
    while not list((tmp_path / ".snakemake/locks").glob("*")):
        assert first.poll() is None and time.monotonic() < deadline, "no lock was taken"
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGSTOP)  # so that it cannot end before the second begins
    second = workflow.run(tmp_path, config, DATA)
    os.killpg(first.pid, signal.SIGCONT)
    assert second.status != 0 and "Directory cannot be locked" in second.output, second.output
    assert "Traceback" not in second.output
    output, _ = first.communicate()
    assert first.returncode == 0 and (tmp_path / DATA).exists(), output


def test_read_only_results(workflow: Workflow, config: dict, tmp_path: Path):
    results = tmp_path / "results"
    with mounted(results, "ro"):
        result = workflow.run(tmp_path, config, DATA)
        assert result.status != 0 and "Traceback" not in result.output
        assert "Read-only file system: 'results/" in result.output
        assert list(results.iterdir()) == []


def test_a_full_disk(workflow: Workflow, config: dict, tmp_path: Path):
    disk = tmp_path / "disk"
    with mounted(disk, "size=2m"):
        with suppress(OSError):
            (disk / "ballast").write_bytes(bytes(2**21 - 2**15))
        result = workflow.run(disk, config, DATA)
        said = [
            line for line in result.output.splitlines() if "onfig file" not in line and "profile" not in line
        ]
        assert result.status != 0 and len(said) == 1, result.output
        assert said[0].startswith(f"mnerflow: {disk}/.snakemake: ") and said[0].endswith("Free some space.")


def test_a_job_that_the_system_killed(workflow: Workflow, config: dict, tmp_path: Path):
    made = "    make_demo(config, "
    with workflow.edited(("workflow/scripts/make_demo.py", made, f"    __import__('os').abort()\n{made}")):
        result = workflow.run(tmp_path, config, DATA)
    said = "mnerflow: a job was killed before it could say why, mostly a sign that memory did not suffice."
    assert result.status != 0 and "Traceback" not in result.output
    last = result.output[result.output.index("\nmnerflow: ") :].split("\n")
    assert last[1].startswith(said) and last[2] == "log     results/logs/make_demo/demo.log"
    assert (
        last[3].startswith("go on   ") and last[4].startswith("more    .snakemake/log/") and last[5:] == [""]
    )


def test_a_clock_that_went_back(workflow: Workflow, config: dict, tmp_path: Path):
    file = tmp_path / DATA
    file.parent.mkdir(parents=True)
    file.touch()
    os.utime(file, (time.time() + 3600,) * 2)
    result = workflow.run(tmp_path, config, "--dry-run")
    assert result.status != 0 and "Traceback" not in result.output
    assert f"mnerflow: {DATA}: written 3" in result.output and f"`touch {DATA}`" in result.output
    file.touch()
    assert workflow.run(tmp_path, config, "--dry-run").status == 0
