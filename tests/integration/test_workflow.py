"""The chain from data to tables: what it leaves, what it plans, that it repeats itself exactly."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from folder_contents import contents
from PIL import Image
from snakemake_process import Result, Workflow
from tiny_study import Finished

from mnerflow.data.post import SPLITS, read_posts
from mnerflow.evaluation.predictions import read_predictions
from mnerflow.evaluation.scores import COLUMNS, read_scores
from mnerflow.plan.kept_weights import drop_rest
from mnerflow.plan.names import Run

TEXT = ["demo/none/bilstm+none/text_only/seed1"]
LINEAR = [f"demo/none/bilstm+cnn/linear/seed{seed}" for seed in (1, 2)]
IMAGE = ["demo_control/nonword/none+cnn/image_only/seed1"]
RUNS = [*TEXT, *LINEAR, *IMAGE]
PER_RUN = {"train", "predict", "score"}
DATA = {"make_demo", "prepare", "filter_posts", "image_store", "plot_tag_distribution"}


# What a run leaves.


@pytest.mark.parametrize("run", RUNS)
def test_run_folder(run: str, finished: Finished):
    found = {path.name for path in (finished.results / "runs" / run).iterdir()}
    assert found >= {"predictions.jsonl", "model.safetensors", "run.yaml", "history.csv"}
    assert "checkpoint.pt" not in found


@pytest.mark.parametrize("run", RUNS)
def test_history(run: str, finished: Finished):
    with (finished.results / "runs" / run / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("epoch", "train_loss", "dev_loss", "dev_entity_f1", "dev_token_macro_f1"),
        *("learning_rate", "sentences_per_second"),
    ]
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(float(row["sentences_per_second"]) > 0 for row in rows)


@pytest.mark.parametrize("run", RUNS)
def test_every_word_of_the_gold_is_predicted(run: str, finished: Finished):
    dataset = run.partition("/")[0]
    found = read_predictions(finished.results / "runs" / run / "predictions.jsonl")
    wrong = [] if run in TEXT else [("test", "image.blank"), ("test", "image.shuffled")]
    assert list(found) == [("dev", "true"), ("test", "true"), *wrong]
    for (split, _), predictions in found.items():
        gold = read_posts(finished.results / "data" / dataset / "none" / f"{split}.jsonl")
        assert [(p.id, p.tokens, p.labels) for p in predictions] == [(p.id, p.tokens, p.labels) for p in gold]
        assert all(len(p.predicted) == len(p.subwords) == len(p.tokens) for p in predictions)


def test_run_record(finished: Finished, workflow: Workflow):
    record = yaml.safe_load((finished.results / "runs" / LINEAR[1] / "run.yaml").read_text(encoding="utf-8"))
    names = {"dataset": "demo", "filter": "none", "text": "bilstm", "image": "cnn", "fusion": "linear"}
    assert {name: record[name] for name in names} == names and int(record["seed"]) == 2
    assert record["config"]["training"]["epochs"] == 2
    assert record["config"]["training"]["learning_rate"]["image"] == 2e-3
    assert record["config"]["training"]["clip"] > 0, "defaults belong to the whole configuration"
    assert record["config"]["image_encoder"]["size"] == 32
    assert {"mnerflow", "python", "torch", "transformers", "timm"} <= set(record["versions"])
    assert record["hardware"]["processor"] and record["hardware"]["cores"] > 0
    assert record["seconds"] > 0 and 100 < record["peak_memory_mib"] < 4096
    files = ["data/demo/none/train.jsonl", "data/demo/none/dev.jsonl", "images/demo/32/index.csv"]
    assert "energy_wh" in record and datetime.fromisoformat(record["finished"]) < datetime.now(UTC)
    assert record["data_sha256"] == {f"results/{file}": sha256(finished.results / file) for file in files}
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=workflow.root, capture_output=True, text=True)
    assert record["code"]["commit"] == head.stdout.strip()


def sha256(path: Path) -> str:
    return subprocess.run(["sha256sum", path], capture_output=True, text=True).stdout.split()[0]


def test_scores(finished: Finished):
    rows = read_scores(finished.study / "scores.csv")
    assert ",".join(COLUMNS) == (
        "dataset,filter,text_encoder,image_encoder,fusion,variant,seed,split,condition,entity_f1,entity_precision,"
        "entity_recall,entity_f1_strict,token_macro_f1,subword_macro_f1,accuracy,sentences,gold_entities"
    )
    without = [("dev", "true"), ("test", "true")]
    with_image = [*without, ("test", "image.shuffled"), ("test", "image.blank")]
    expected = {(run, *part) for run in RUNS for part in (without if run in TEXT else with_image)}
    found = [
        (
            "{dataset}/{filter}/{text_encoder}+{image_encoder}/{fusion}/seed{seed}".format(**row),
            row["split"],
            row["condition"],
        )
        for row in rows
    ]
    assert len(found) == len(expected) and set(found) == expected
    assert all(row["sentences"] == 20 and row["gold_entities"] > 0 for row in rows)
    assert all(0 <= row[name] <= 1 for row in rows for name in COLUMNS[9:16])


def test_tables_plots_and_configuration(finished: Finished):
    assert {path.name for path in (finished.study / "tables").iterdir()} >= {
        *(f"{table}.{ending}" for table in ("grid", "thesis") for ending in ("csv", "md", "tex")),
    }
    names = ["training_curves", "fusion_comparison"]
    names += map(".".join, product(("tag_distribution", "confusion_matrix"), ("demo", "demo_control")))
    for name in names:
        png, svg = ((finished.study / "plots" / f"{name}.{end}").read_bytes() for end in ("png", "svg"))
        assert png.startswith(b"\x89PNG") and b"<svg" in svg
    written = yaml.safe_load((finished.study / "config.yaml").read_text(encoding="utf-8"))
    assert written["training"]["epochs"] == 2 and "twitter2017" in written["datasets"]


def test_snakemake_reports_the_jobs(finished: Finished, workflow: Workflow, config: dict, tmp_path: Path):
    file = tmp_path / "report.html"
    result = workflow.run(finished.folder, config, "--report", str(file))
    assert result.status == 0, result.output
    page = file.read_text(encoding="utf-8")
    assert '"fixed_and_broken"' in page and "plot_evidence" in page  # the rules, and how long their jobs took


def test_a_log_for_every_job(finished: Finished):
    logs = list((finished.results / "logs").rglob("*.log"))
    assert len(logs) == sum(finished.result.jobs.values())
    for log in logs:
        last = log.read_text(encoding="utf-8").splitlines()[-1]
        assert re.search(r"INFO done: .+ in \d+\.\d s$", last), f"{log}: {last}"


def test_the_table_is_printed_at_the_end(finished: Finished):
    end = finished.result.output[finished.result.output.index("Done in ") :]
    assert re.match(
        r"Done in (\d+ min )?\d+ s; the largest job used \d\.\d GiB of memory\.\n\nDoes the image", end
    )
    assert "bilstm+cnn linear" in end and "bilstm text_only" in end
    places = {"tables": "tables", "plots": "plots", "data": "reports/data", "report": "report.html"}
    assert end.endswith(
        "\n\n" + "".join(f"{name:<8}results/test/{place}\n" for name, place in places.items())
    )


def test_the_terminal_has_a_line_a_job(finished: Finished):
    lines = finished.result.output.partition("\nDone in ")[0].splitlines()
    begun = next(number for number, line in enumerate(lines) if " jobs on 2 cores. Snakemake's log: " in line)
    jobs = [re.fullmatch(r" ?(\d+) of (\d+)  (.+?) · (.*)", line) for line in lines[begun + 1 :]]
    told = [job for job in jobs if job]
    total = sum(finished.result.jobs.values())
    assert [(int(job[1]), int(job[2])) for job in told] == [(number + 1, total) for number in range(total)]
    assert {job[3] for job in told} >= {"make demo", "train demo", "score demo_control (nonword)"}
    trained = [job[4].partition(" (")[0] for job in told if job[3] == "train demo"]
    assert sorted(re.sub(r" · (\d+ min )?\d+ s$", "", each) for each in trained) == [
        *("bilstm text_only · seed 1", "bilstm+cnn linear · seed 1", "bilstm+cnn linear · seed 2")
    ]
    assert (
        re.search(r"\((about \d+ min|less than a minute) left\)$", told[-2][0]) and "left" not in told[0][0]
    )
    assert not re.search("[\r\x1b]", finished.result.output), "not a terminal"
    others = [line for line, job in zip(lines[begun + 1 :], jobs, strict=True) if not job]
    assert all("no entity of dev was found" in line for line in others), "jobs that warned"
    assert "rule train:" in finished.result.log


# What a second run does.


def test_nothing_is_left_to_do(finished: Finished, workflow: Workflow, config: dict):
    plan = workflow.plan(finished.folder, config)
    assert plan.jobs == {} and "Nothing to be done" in plan.output


def test_one_more_seed(finished: Finished, workflow: Workflow, config: dict):
    config["grid"][0]["seeds"].append(3)
    config["grid"][1]["seeds"].append(3)
    plan = workflow.plan(finished.folder, config)
    assert plan.trained == {TEXT[0].replace("seed1", "seed3"), LINEAR[0].replace("seed1", "seed3")}
    per_run = {rule: count for rule, count in plan.jobs.items() if rule in PER_RUN}
    assert per_run == {"train": 2, "predict": 2, "score": 1}
    assert {"config", "scores", "tables", "plot_fusion_comparison", "plot_training_curves"} <= set(plan.jobs)
    assert not DATA & set(plan.jobs)


def test_one_more_fusion(finished: Finished, workflow: Workflow, config: dict):
    config["grid"][0]["fusions"].append("cross_attention")
    plan = workflow.plan(finished.folder, config)
    assert plan.trained == {run.replace("linear", "cross_attention") for run in LINEAR}
    per_run = {rule: count for rule, count in plan.jobs.items() if rule in PER_RUN}
    assert per_run == {"train": 2, "predict": 2, "score": 1}
    assert not DATA & set(plan.jobs)


@pytest.mark.parametrize(
    ("change", "retrained"),
    [
        pytest.param({"fusions": {"linear": {"options": {"dropout": 0.2}}}}, LINEAR, id="fusion"),
        pytest.param(
            {"text_encoders": {"bilstm": {"training": {"learning_rate": {"text": 1e-3}}}}},
            [*TEXT, *LINEAR],
            id="learning rate of the text encoder",
        ),
        pytest.param(
            {"image_encoders": {"cnn": {"training": {"learning_rate": {"image": 1e-3}}}}},
            [*LINEAR, *IMAGE],
            id="learning rate of the image encoder",
        ),
        pytest.param({"datasets": {"demo_control": {"training": {"epochs": 3}}}}, IMAGE, id="data set"),
        pytest.param(
            {
                "text_encoders": {"minilm": {"training": {"epochs": 9}}},
                "datasets": {"demo": {"title": "Another title"}},
                "training": {"checkpoint_seconds": 5, "warmup": 0.1},
            },
            [],
            id="another encoder, a title, and what no result depends on",
        ),
    ],
)
def test_a_changed_value_retrains_what_uses_it(
    change: dict, retrained: list[str], finished: Finished, workflow: Workflow, config: dict
):
    plan = workflow.plan(finished.folder, merge(config, change))
    assert plan.trained == set(retrained)
    assert plan.jobs.get("train", 0) == len(retrained)


def test_other_weights_at_a_path_are_fetched_again_and_a_mirror_is_no_reason(
    workflow: Workflow, config: dict, tmp_path: Path
):
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert/model.safetensors").touch()
    file = tmp_path / "bert/config.json"
    file.write_text("{}")
    config["text_encoders"]["tiny"] = {"kind": "transformer", "source": f"path:{file.parent}"}
    target, folder = "resources/weights/tiny", tmp_path / "work"
    assert workflow.run(folder, config, target).status == 0
    assert workflow.run(folder, config | {"weights_mirror": str(tmp_path)}, target, "-n").jobs == {}
    file.write_text('{"hidden_size": 8}')
    assert workflow.run(folder, config, target, "-n").jobs == {"weights": 1}


def test_a_changed_file_in_ones_own_folder_is_read_again(workflow: Workflow, config: dict, tmp_path: Path):
    data, folder = tmp_path / "own", tmp_path / "work"
    (data / "images/deeper").mkdir(parents=True)
    post = {"tokens": ["Ann"], "labels": ["B-PER"], "images": ["deeper/a.png", "b.png"]}
    for split in SPLITS:
        (data / f"{split}.jsonl").write_text(json.dumps(post | {"id": split}))
    Image.new("RGB", (8, 8)).save(data / "images/b.png")
    (data / "captions.txt").write_text("deeper/a.png :Ann\n")
    splits = {split: f"{split}.jsonl" for split in SPLITS}
    entry = {"folder": str(data), "format": "jsonl", "types": ["PER"], "splits": splits}
    config["datasets"] = {"own": entry | {"contexts": {"caption": "captions.txt"}}}
    config["grid"] = [
        {"datasets": ["own"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]}
    ]
    target = "results/images/own/16/index.csv"
    assert workflow.run(folder, config, target).status == 0
    assert "deeper/a.png,0,blank,missing" in (folder / target).read_text()
    assert workflow.run(folder, config, target, "-n").jobs == {}
    Image.new("RGB", (8, 8)).save(data / "images/deeper/a.png")
    assert workflow.run(folder, config, target, "-n").jobs == {"image_store": 1}
    (data / "notes.txt").write_text("of no post")
    assert workflow.run(folder, config, target, "-n").jobs == {"image_store": 1}
    (data / "captions.txt").write_text("deeper/a.png :Ben\n")
    assert workflow.run(folder, config, target, "-n").jobs == {"prepare": 1, "image_store": 1}


def merge(base: dict, over: dict) -> dict:
    inner = {key: merge(base.get(key, {}), value) for key, value in over.items() if isinstance(value, dict)}
    return base | over | inner


def test_comments_rerun_nothing(finished: Finished, workflow: Workflow, config: dict):
    with workflow.edited(
        ("src/mnerflow/models/fusions/linear.py", '"""', '"""Reworded. '),
        ("src/mnerflow/training/loop.py", "import torch\n", "import torch  # for tensors\n\n\n"),
        ("workflow/scripts/train.py", "from pathlib", "# A comment.\nfrom pathlib"),
    ):
        assert workflow.plan(finished.folder, config).jobs == {}


def test_changed_model_code_retrains_what_uses_it(finished: Finished, workflow: Workflow, config: dict):
    file = "src/mnerflow/models/fusions/linear.py"
    with workflow.edited((file, "words + sizes.patches", "words - -sizes.patches")):
        plan = workflow.plan(finished.folder, config)
    assert plan.trained == set(LINEAR) and plan.jobs["predict"] == 2


def test_a_changed_plot_is_drawn_anew(finished: Finished, workflow: Workflow, config: dict):
    file = "src/mnerflow/reporting/plots/training_curves.py"
    with workflow.edited((file, "PANELS_A_ROW = 4", "PANELS_A_ROW = 3")):
        jobs = workflow.plan(finished.folder, config).jobs
    shows_plots = {"report", "crate"}
    assert "plot_training_curves" in jobs
    assert all(rule.startswith("plot_") for rule in jobs.keys() - shows_plots)


# The same input, the same bytes.


def test_a_run_repeats_itself_byte_by_byte(
    finished: Finished, workflow: Workflow, config: dict, tmp_path: Path
):
    run = f"runs/{LINEAR[0]}"
    again = workflow.run(
        tmp_path,
        config,
        "results/test/scores/demo/none/bilstm/scores.json",
        f"results/{run}/predictions.jsonl",
    )
    assert again.status == 0, again.output
    for part in ("data/demo", "images/demo", run):
        first, second = contents(finished.results / part), contents(tmp_path / "results" / part)
        same = second.keys() - {"run.yaml", "history.csv"}  # which tell the time
        assert [name for name in same if first[name] != second[name]] == []


def test_tables_and_plots_repeat_themselves_byte_by_byte(
    finished: Finished, workflow: Workflow, config: dict, tmp_path: Path
):
    folder = Path(shutil.copytree(finished.folder, tmp_path / "copy", symlinks=True))
    (folder / "results/test/scores.csv").unlink()
    for part in ("tables", "plots"):
        shutil.rmtree(folder / "results/test" / part)
    again = workflow.run(folder, config)
    assert again.status == 0 and "train" not in again.jobs, again.output
    for part in ("scores.csv", "tables", "plots"):
        first, second = contents(finished.study / part), contents(folder / "results/test" / part)
        assert first.keys() == second.keys()
        assert [name for name in first if first[name] != second[name]] == []


def jobs_of(folder: Path) -> list[int]:
    """Processes that live and that a start in ``folder`` began."""
    mark, found = f"MNERFLOW_START={folder}/".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def interrupt(process: subprocess.Popen) -> None:
    """As a terminal does: Snakemake and all its jobs get the signal."""
    os.killpg(process.pid, signal.SIGINT)


def interrupt_twice(process: subprocess.Popen) -> None:
    interrupt(process)
    time.sleep(0.3)
    interrupt(process)


def hang_up(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGHUP)


def test_a_run_that_was_stopped_goes_on_to_the_same_end(
    finished: Finished, workflow: Workflow, config: dict, tmp_path: Path
):
    config["training"] = {"epochs": 40, "patience": 40, "checkpoint_seconds": 0.1}
    run = f"results/runs/{LINEAR[0]}"
    target = f"{run}/predictions.jsonl"
    whole, folder = (Path(shutil.copytree(finished.folder, tmp_path / name)) for name in ("whole", "stopped"))
    result = workflow.run(whole, config, target)
    assert result.status == 0, result.output

    log = folder / f"results/logs/train/{LINEAR[0]}.log"
    checkpoint = folder / run / "checkpoint.pt"
    for stop in (interrupt, subprocess.Popen.kill, hang_up, interrupt_twice):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process, deadline = workflow.start(folder, config, target), time.monotonic() + 600
        while not (checkpoint.exists() and checkpoint.stat().st_mtime_ns > before):
            assert process.poll() is None and time.monotonic() < deadline, "no checkpoint to stop after"
            time.sleep(0.05)
        if before:
            assert "continues from epoch" in log.read_text(encoding="utf-8")
        stop(process)
        output, _ = process.communicate(timeout=600)  # which waits for its jobs, too
        assert process.returncode != 0 and "Traceback" not in output, output
        if stop in (interrupt, interrupt_twice):
            assert process.returncode in (130, -signal.SIGINT), output  # a shell calls both 130
        deadline = time.monotonic() + 600
        while jobs_of(folder):
            assert time.monotonic() < deadline, f"{stop}: {jobs_of(folder)} outlived Snakemake"
            time.sleep(0.05)
        assert checkpoint.exists() and not (folder / run / "model.safetensors").exists()

    result = workflow.run(folder, config, target)
    assert result.status == 0, result.output
    assert not checkpoint.exists()
    assert (whole / target).read_bytes() == (folder / target).read_bytes()


# Other grids.


def planned(workflow: Workflow, name: str, folder: Path) -> Result:
    config = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return workflow.plan(folder, config)


def test_the_thesis_grid_is_planned(workflow: Workflow, tmp_path: Path):
    plan = planned(workflow, "config/thesis.yaml", tmp_path)
    datasets, texts, images, fusions, seeds = 6, 3, 2, 3, 5
    runs = datasets * seeds * (texts + images + texts * images * fusions)
    assert plan.jobs["train"] == len(plan.trained) == runs == 690
    assert plan.jobs["score"] == datasets * (texts + 1)  # image only has no text encoder
    assert plan.jobs["predict"] == runs


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("config/twitter.yaml", 2 * 2 * 3),
        ("config/photos.yaml", 1 + 2 + 1 + 2 * 3),
        ("config/demo.yaml", 2 * 2 * 3 * (2 + 2 + 2 * 2 * 3)),
        ("config/learning_curve.yaml", 4 * 2 * 3),
    ],
)
def test_a_study_is_planned(name: str, runs: int, workflow: Workflow, tmp_path: Path):
    assert planned(workflow, name, tmp_path).jobs["train"] == runs


def test_dropped_weights_are_no_reason_to_train(
    workflow: Workflow, finished: Finished, config: dict, tmp_path: Path
):
    folder = Path(shutil.copytree(finished.folder, tmp_path / "copy", symlinks=True))
    run = folder / "results/runs" / TEXT[0]
    before = contents(run)
    merged = yaml.safe_load((folder / "results/test/config.yaml").read_text(encoding="utf-8"))
    drop_rest(merged | {"keep_weights": "none"}, map(Run.from_folder, RUNS), folder / "results")
    assert not list(folder.rglob("model.safetensors"))
    assert workflow.plan(folder, config).jobs == {}
    config["text_encoders"]["bilstm"]["training"]["learning_rate"]["text"] = 1e-3
    assert workflow.plan(folder, config).trained == {*TEXT, *LINEAR}
    config["text_encoders"]["bilstm"]["training"]["learning_rate"]["text"] = 2e-3

    # Where predictions are gone, the weights are needed again, and dropped again.
    (run / "predictions.jsonl").unlink()
    done = workflow.run(
        folder, config | {"keep_weights": "none"}, f"results/runs/{TEXT[0]}/predictions.jsonl"
    )
    assert done.status == 0, done.output
    assert done.jobs == {"train_again": 1, "predict": 1}
    assert (run / "weights_dropped.txt").exists() and not (run / "model.safetensors").exists()
    assert contents(run)["predictions.jsonl"] == before["predictions.jsonl"]
    assert workflow.plan(folder, config).trained == set()
