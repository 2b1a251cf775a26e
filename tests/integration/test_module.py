"""The workflow as a part of another one, and by the path where catalogues look for it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from snakemake_process import Result, Workflow, heed_signals

from mnerflow.data.post import read_posts

OUTER = """\
configfile: "outer.yaml"


module mnerflow:
    snakefile: "{root}/workflow/Snakefile"
    config: config["names"]
{more}

use rule * from mnerflow as mnerflow_*


rule all:
    default_target: True
    input: "count.txt"


rule count:
    input: rules.mnerflow_prepare.output.report.format(dataset="demo"), study="results/inner/config.yaml"
    output: "count.txt"
    shell: "wc -c < {{input[0]}} > {{output}}"
"""


def run_outer(
    workflow: Workflow, folder: Path, config: dict[str, Any], *arguments: str, more: str = ""
) -> Result:
    """Run another workflow, in a folder of its own, that has this one as a module."""
    (folder / "Snakefile").write_text(OUTER.format(root=workflow.root, more=more), encoding="utf-8")
    (folder / "outer.yaml").write_text(yaml.safe_dump({"ours": 1, "names": config}), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, preexec_fn=heed_signals)
    return Result(done.returncode, done.stdout + done.stderr)


def test_rules_of_another_workflow_read_what_ours_make(workflow: Workflow, config: dict, tmp_path: Path):
    result = run_outer(workflow, tmp_path, config | {"name": "inner"})
    assert result.status == 0, result.output
    assert result.jobs == {"mnerflow_make_demo": 1, "mnerflow_prepare": 1, "mnerflow_config": 1, "count": 1}
    assert len(read_posts(tmp_path / "results/data/demo/none/train.jsonl")) == 60
    written = yaml.safe_load((tmp_path / "results/inner/config.yaml").read_text(encoding="utf-8"))
    assert written["training"]["epochs"] == 2 and "twitter2017" in written["datasets"], "over our defaults"
    assert "ours" not in written


def test_the_whole_plan_is_that_of_the_workflow_itself(workflow: Workflow, config: dict, tmp_path: Path):
    (tmp_path / "outer").mkdir()
    outer = run_outer(workflow, tmp_path / "outer", config, "--dry-run", "mnerflow_all")
    alone = workflow.plan(tmp_path / "alone", config)
    standard = replace(workflow, snakefile="workflow/Snakefile").plan(tmp_path / "standard", config)
    assert standard.jobs == alone.jobs
    jobs = {rule.removeprefix("mnerflow_"): count for rule, count in outer.jobs.items()}
    jobs.pop("all")
    assert jobs == alone.jobs and outer.trained == alone.trained


def test_another_prefix_is_refused(workflow: Workflow, config: dict, tmp_path: Path):
    result = run_outer(workflow, tmp_path, config, "--dry-run", more='    prefix: "below"')
    assert result.status != 0 and "Traceback" not in result.output
    assert "mnerflow: its files lie in `results` and `resources`" in result.output
