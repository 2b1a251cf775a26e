"""Rivals through the workflow: asked by a Snakefile of their own, shown with the rest, and a real model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_server import ChatServer
from checkout import ROOT
from snakemake_process import Workflow

from mnerflow.data.post import Post, write_posts
from mnerflow.evaluation.predictions import read_tested
from mnerflow.llm.config import RivalConfig, Service
from mnerflow.llm.rival import Material, ask_run
from mnerflow.plan.names import Run
from mnerflow.reporting.table_files import read_csv

ZERO_SHOT = "demo/none/gpt+none/zero_shot/seed1"
WITH_IMAGE = "demo/none/gpt+pixels/zero_shot_image/seed1"


def with_rival(config: dict[str, Any], server: ChatServer, **changes: Any) -> dict[str, Any]:
    """The smallest grid, and a rival asked with and without the image."""
    block = {"datasets": ["demo"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]}
    rival = {"base_url": server.url, "model": "gpt-4o-mini", "datasets": ["demo"], "images": [False, True]}
    priced = {"price": {"input": 1.0, "output": 1.0}, "key": "TEST_KEY"}
    return config | {"grid": [block], "rivals": {"gpt": rival | priced | changes}}


def test_rivals_are_asked_by_rivals_smk_alone_and_shown_with_the_rest(
    server: ChatServer, workflow: Workflow, config: dict, tmp_path: Path
):
    config = with_rival(config, server)
    assert "ask" not in workflow.plan(tmp_path, config).jobs
    rivals = replace(workflow, snakefile="rivals.smk")
    stopped = rivals.run(tmp_path, config, "--config", "max_cost=0.001", TEST_KEY="sk-secret")
    assert stopped.status == 1 and "Traceback" not in stopped.output
    assert "run again with a higher max_cost" in stopped.output and 0 < len(server.asked) < 20
    result = rivals.run(tmp_path, config, TEST_KEY="sk-secret")
    assert result.status == 0, result.output
    assert len(server.asked) == 40 and "gpt zero_shot_image" in result.output
    assert "sk-secret" not in stopped.output + result.output
    rows = read_csv(tmp_path / "results/test/tables/rivals.csv", ["fusion"])
    assert {row["fusion"]: (row["posts"], row["unreadable"]) for row in rows} == {
        "zero_shot": ("20", "0.0"),
        "zero_shot_image": ("20", "0.0"),
    }
    record = yaml.safe_load((tmp_path / "results/runs" / WITH_IMAGE / "run.yaml").read_text(encoding="utf-8"))
    assert (record["posts"], record["images_not_shown"], record["cost"]) == (20, {}, pytest.approx(0.0022))

    # How a server is reached and paid makes no new run; what it is asked does.
    service = with_rival(config, server, concurrency=1, timeout=5, retries=1, price={"input": 9, "output": 9})
    assert rivals.run(tmp_path, service, "--dry-run").jobs == {}
    prompt = tmp_path / "prompt.md"
    prompt.write_text((ROOT / "config/prompt.md").read_text(encoding="utf-8") + "!", encoding="utf-8")
    changed = with_rival(config, server, prompt="prompt.md")
    assert rivals.run(tmp_path, changed, "--dry-run").jobs["ask"] == 2
    assert "ask" not in workflow.plan(tmp_path, changed).jobs

    # The rest is computed with the answers that are there, and nothing is asked.
    assert ZERO_SHOT not in workflow.plan(tmp_path, changed).output
    said = workflow.run(tmp_path, changed, "results/test/config.yaml").output
    assert "left out, 2 runs of rivals" in said and "`snakemake -s rivals.smk` asks anew" in said
    tables = [f"results/test/tables/{name}.csv" for name in ("does_it_help", "thesis", "errors")]
    result = workflow.run(tmp_path, config, *tables)
    assert result.status == 0, result.output
    assert len(server.asked) == 40
    helped = read_csv(tmp_path / "results/test/tables/does_it_help.csv", ["fusion", "p", "verdict"])
    assert [(row["text_encoder"], row["fusion"]) for row in helped] == [("gpt", "zero_shot_image")]
    (line,) = [
        row
        for row in read_csv(tmp_path / "results/test/tables/thesis.csv", ["thesis_system", "fusion"])
        if row["fusion"] == "zero_shot"
    ]
    assert (line["thesis_system"], line["thesis_low"]) == ("zero-shot, GPT-4o-mini", "0.5431")
    assert "gpt,none,zero_shot,base,1" in (tmp_path / "results/test/tables/errors.csv").read_text(
        encoding="utf-8"
    )


# A real model behind a real server.


@pytest.mark.parametrize("response_format", ["json_schema", "text"])
def test_a_real_model_answers_through_a_real_server(response_format: str, llama: str, tmp_path: Path):
    train = [Post("t", ["Ann", "sings", "in", "Rome"], ["B-PER", "O", "O", "B-LOC"])]
    test = [
        Post("1", ["Bob", "lives", "in", "Paris"], ["B-PER", "O", "O", "B-LOC"]),
        Post("2", ["It", "rains"], ["O", "O"]),
    ]
    write_posts(tmp_path / "train.jsonl", train)
    write_posts(tmp_path / "test.jsonl", test)
    rival = RivalConfig(
        llama, "SmolLM2", ("PER", "LOC"), 1, 1, response_format=response_format, options={"max_tokens": 64}
    )
    material = Material(tmp_path / "train.jsonl", tmp_path / "test.jsonl", ROOT / "config/prompt.md")
    out = {name: tmp_path / name for name in ("predictions", "answers", "record")}
    about, records = Run("d", "none", "smollm2", "none", "1_shot", 1).names, []
    for _ in range(2):
        ask_run(rival, material, Service(llama, concurrency=2), tmp_path / "cache", out, about)
        records.append(yaml.safe_load(out["record"].read_text(encoding="utf-8")))
    first, second = records
    assert [len(each.predicted) for each in read_tested(out["predictions"])] == [4, 2]
    assert first["input_tokens"] > 200 and first["output_tokens"] > 8
    assert (first["from_cache"], second["from_cache"]) == (0, 2)
    assert second["answers"] == first["answers"] and second["entities"] == first["entities"]
    if response_format == "json_schema":
        assert first["answers"]["unreadable"] == first["entities"]["unknown_type"] == 0
