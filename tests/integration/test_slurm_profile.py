"""What profiles/slurm asks SLURM for, seen in a plan; whether SLURM gives it is tested in tests/cluster."""

import re
from pathlib import Path

import yaml
from conftest import ROOT, Workflow

RUNS = "results/runs/twitter2017/none"
ALEXNET = f"{RUNS}/none+alexnet/image_only/seed1"
LLAMA = f"{RUNS}/llama+vit_base/linear/seed1"
BILSTM = f"{RUNS}/bilstm+none/text_only/seed1"


def resources(output: str) -> dict[str, dict[str, str]]:
    """The resources of every planned job by the first of its outputs."""
    jobs = re.findall(r"output: ([^,\n]+).*\n(?: +(?!output).*\n)*? +resources: (.*)\n", output)
    return {first: dict(re.findall(r"(\w+)=([^ ,]+)", asked)) for first, asked in jobs}


def test_the_profile_asks_for_more_for_llama_and_for_gpus_in_training_alone(
    workflow: Workflow, tmp_path: Path
):
    config = yaml.safe_load((ROOT / "config/thesis.yaml").read_text(encoding="utf-8"))
    targets = [f"{run}/predictions.test.jsonl" for run in (LLAMA, BILSTM, ALEXNET)]
    profile = ["--profile", str(ROOT / "profiles/slurm"), "--dry-run"]
    result = workflow.run(tmp_path, config, *targets, *profile)
    assert result.status == 0, result.output
    asked = resources(result.output)

    def of(output: str) -> tuple[str | None, ...]:
        return tuple(asked[output].get(name) for name in ("slurm_partition", "gpu", "mem_mb", "runtime"))

    assert of(f"{LLAMA}/model.safetensors") == ("gpu", "1", "64000", "1440")
    assert of(f"{ALEXNET}/model.safetensors") == ("gpu", "1", "24000", "480")
    assert of(f"{BILSTM}/model.safetensors") == ("gpu", "1", "8000", "240")
    assert of(f"{LLAMA}/predictions.dev.jsonl") == ("cpu", "0", "4000", "60")
    assert of("results/features/twitter2017/vit_base.npy") == ("cpu", "0", "4000", "60")
    on_gpu_nodes = {output for output, given in asked.items() if given.get("slurm_partition") == "gpu"}
    assert on_gpu_nodes == {f"{run}/model.safetensors" for run in (LLAMA, BILSTM, ALEXNET)}


def test_a_search_trains_where_the_grid_does(workflow: Workflow, tmp_path: Path):
    config = yaml.safe_load((ROOT / "config/tuning.yaml").read_text(encoding="utf-8"))
    profile = ["--profile", str(ROOT / "profiles/slurm"), "--dry-run"]
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
    targets = [f"{run}/model.safetensors" for run in (LLAMA, LLAMA.replace("seed1", "seed2"))]
    result = workflow.run(tmp_path, config, *targets, CUDA_VISIBLE_DEVICES="")
    said = "mnerflow: 2 runs are to be trained and there is no GPU: on 2 cores they take about 1.5 days"
    assert result.status != 0 and said in result.output and "Traceback" not in result.output
    assert not (tmp_path / "resources").exists()
    assert not list((tmp_path / ".snakemake/locks").glob("*"))
