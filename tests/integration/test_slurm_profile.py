"""What profiles/slurm asks SLURM for, seen in a plan; whether SLURM gives it is tested in tests/cluster."""

import os
import re
from pathlib import Path

import yaml
from checkout import ROOT
from snakemake_process import Workflow

PROFILE = ROOT / "profiles/slurm"
RUNS = "results/runs/twitter2017/none"
# Memory in MB and minutes of every job with an encoder, and GPUs that its predictions take.
NEEDED = {
    "llama": (64000, 1440, 1),
    "bert": (24000, 480, 0),
    "bilstm": (8000, 240, 0),
    "alexnet": (24000, 480, 0),
    "vit_base": (16000, 480, 0),
    "other": (8000, 240, 1),
    "none": (0, 0, 0),
}


def resources(output: str) -> dict[str, dict[str, str]]:
    """The resources of every planned job by the first of its outputs."""
    jobs = re.findall(r"output: ([^,\n]+).*\n(?: +(?!output).*\n)*? +resources: (.*)\n", output)
    return {first: dict(re.findall(r"(\w+)=([^ ,]+)", asked)) for first, asked in jobs}


def test_jobs_are_given_what_their_encoders_need(workflow: Workflow, tmp_path: Path):
    config = yaml.safe_load((ROOT / "config/thesis.yaml").read_text(encoding="utf-8"))
    planned = config["grid"][0]
    assert NEEDED.keys() >= {*planned["text_encoders"], *planned["image_encoders"]}
    config["grid"] = [planned | {"datasets": ["twitter2017"], "seeds": [1]}]
    config["grid"][0]["text_encoders"].append("other")
    config["text_encoders"]["other"] = {"kind": "language_model", "source": "org/name"}
    result = workflow.run(tmp_path, config, "--profile", str(PROFILE), "--dry-run")
    assert result.status == 0, result.output
    met = set()
    for output, asked in resources(result.output).items():
        given = tuple(asked.get(name) for name in ("slurm_partition", "gpu", "mem_mb", "runtime"))
        if run := re.fullmatch(rf"{RUNS}/(\w+)\+(\w+)/\w+/seed1/(model|predictions)\..*", output):
            memory, minutes, gpus = map(max, zip(*(NEEDED[name] for name in run.groups()[:2]), strict=True))
            gpus = 1 if run[3] == "model" else gpus
            assert given == ("gpu" if gpus else "cpu", str(gpus), str(memory), str(minutes)), output
            met.add(run.groups())
        elif output == "results/features/twitter2017/vit_base.npy":
            assert given == ("gpu", "1", "16000", "480")
            met.add("features")
        else:
            assert given[0] in ("cpu", None) and "gpu" not in asked, output
    # Four text encoders alone, with two image encoders each, and these alone: trained and predicted with.
    assert len(met) == 2 * (4 + 4 * 2 + 2) + 1


def test_all_that_a_study_shows_is_one_job(workflow: Workflow, config: dict, tmp_path: Path):
    config["variants"] = {"half": {"train_fraction": 0.5}}
    config["grid"][0] |= {"variants": ["base", "half"]}
    result = workflow.run(tmp_path, config, "--dry-run")
    assert result.status == 0, result.output
    writes = re.findall(r"^(?:local)?rule (\w+):\n(?: +(?!output).*\n)* +output: (\S+)", result.output, re.M)
    shown = {rule for rule, first in writes if first.startswith("results/test/")}
    assert len(shown) > 15
    grouped = yaml.safe_load((PROFILE / "config.yaml").read_text(encoding="utf-8"))["groups"]
    assert shown - grouped.keys() == {"score"}, "rules that would each be a job of its own"
    assert set(grouped.values()) == {"results"}


def test_a_search_trains_where_the_grid_does(workflow: Workflow, tmp_path: Path):
    config = yaml.safe_load((ROOT / "config/tuning.yaml").read_text(encoding="utf-8"))
    profile = ["--profile", str(PROFILE), "--dry-run"]
    result = workflow.run(tmp_path, config, "tuning", *profile)
    assert result.status == 0, result.output
    trained = {
        given["slurm_partition"]
        for output, given in resources(result.output).items()
        if output.startswith("results/tuning") and output.endswith("model.safetensors")
    }
    assert trained == {"gpu"}


def test_a_grid_for_gpus_is_not_begun_without_one(workflow: Workflow, tmp_path: Path):
    config = yaml.safe_load((ROOT / "config/thesis.yaml").read_text(encoding="utf-8"))
    llama = "results/runs/twitter10000/none/llama+vit_base/linear"
    targets = [f"{llama}/seed{seed}/model.safetensors" for seed in (1, 2)]
    parts = {"dataset": "twitter10000", "text_encoder": "llama", "image_encoder": "vit_base"}
    config["tuning"] = [parts | {"fusion": "linear", "seeds": [1], "search": {"warmup": [0.2]}}]
    result = workflow.run(tmp_path, config, *targets, "tuning", CUDA_VISIBLE_DEVICES="")
    # Three times ten epochs of 7,000 posts, 0.7 hours for 1,000 of them.
    said = "mnerflow: 3 runs are to be trained and there is no GPU: on 2 cores that takes about 3.1 days"
    assert result.status != 0 and said in result.output and "Traceback" not in result.output
    assert not (tmp_path / "resources").exists()
    assert not list((tmp_path / ".snakemake/locks").glob("*"))


def test_a_grid_is_not_begun_beside_gpus_that_pytorch_cannot_use(
    workflow: Workflow, config: dict, tmp_path: Path
):
    tool = tmp_path / "bin/nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho GPU-1\n", encoding="utf-8")
    tool.chmod(0o755)
    path = f"{tool.parent}{os.pathsep}{os.environ['PATH']}"
    result = workflow.run(tmp_path, config, PATH=path)
    said = "mnerflow: nvidia-smi shows GPUs that PyTorch cannot compute on: GPU-1 (PyTorch "
    assert result.status != 0 and said in result.output and "Traceback" not in result.output
    assert not (tmp_path / "resources").exists()
