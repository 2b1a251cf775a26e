"""Contexts through the workflow: asked by a Snakefile of their own, then read like any file."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_server import ChatServer, text_asked
from checkout import ROOT
from snakemake_process import Workflow

from mnerflow.data.contexts.jsonl import texts
from mnerflow.data.post import SPLITS, Post, read_posts, write_posts
from mnerflow.llm.config import ContextQuestion, Service
from mnerflow.llm.context import Asked, ask_context
from mnerflow.record import ContextRecord

FOLDER = Path("resources/data/demo/contexts")
RUN = Path("results/runs/demo/none/bilstm+none/text_only+knowing/seed1")
POSTS = 100  # of the tiny demo


@pytest.fixture
def config(config: dict[str, Any], server: ChatServer) -> dict[str, Any]:
    """The smallest grid with a variant that reads what a model knows, and that model."""
    server.answer = lambda body: f"This post has {len(text_asked(body).removeprefix('Post: '))} characters."
    entry = {"base_url": server.url, "model": "m", "key": "TEST_KEY", "concurrency": 2}
    config["datasets"]["demo"]["contexts"] = {
        "knowledge": {"asked": "knows"},
        "description": {"asked": "sees"},
    }
    block = {"datasets": ["demo"], "text_encoders": ["bilstm"], "fusions": ["text_only"], "seeds": [1]}
    return config | {
        "grid": [block | {"variants": ["base", "knowing"]}],
        "variants": {"knowing": {"contexts": ["knowledge"]}},
        "asked_contexts": {
            "knows": entry | {"reads": ["text", "image"], "price": {"input": 1.0, "output": 1.0}},
            "sees": entry | {"reads": ["image"]},
        },
    }


def test_a_context_is_asked_for_once_and_read_like_any_file(
    server: ChatServer, workflow: Workflow, config: dict, tmp_path: Path
):
    asking = replace(workflow, snakefile="contexts.smk")
    refused = workflow.run(tmp_path, config, "--dry-run")
    assert refused.status == 1 and f"{FOLDER}/knows.jsonl: not written yet" in refused.output
    stopped = asking.run(tmp_path, config, "--config", "max_cost=0.002", TEST_KEY="sk-secret")
    assert stopped.status == 1 and "Traceback" not in stopped.output
    assert "run again with a higher max_cost" in stopped.output
    assert "Answers that are missing" in stopped.output
    result = asking.run(tmp_path, config, TEST_KEY="sk-secret")
    assert result.status == 0, result.output
    assert f"{FOLDER}/knows.jsonl: a text for {POSTS} of {POSTS} posts; $0.0110" in result.output
    assert "sk-secret" not in stopped.output + result.output
    sent = {yaml.safe_dump(body) for body in server.asked}
    assert len(sent) == len(server.asked), "a question was asked twice"
    assert not any(word in body for body in sent for word in ("B-PER", "MISC", "labels"))
    record = ContextRecord.read(tmp_path / FOLDER / "sees.yaml", "")
    assert (record.texts, record.without, record.cost) == (POSTS, {}, None)
    assert asking.plan(tmp_path, config).jobs == {}

    # From here on nobody is asked.
    asked = len(server.asked)
    result = workflow.run(tmp_path, config, str(RUN / "run.yaml"), "results/test/tables/does_it_help.csv")
    assert result.status == 0, result.output
    assert len(server.asked) == asked
    posts = [
        post for split in SPLITS for post in read_posts(tmp_path / f"results/data/demo/none/{split}.jsonl")
    ]
    assert {frozenset(post.contexts) for post in posts} == {frozenset({"knowledge", "description"})}
    assert posts[0].contexts["knowledge"] == f"This post has {len(' '.join(posts[0].tokens))} characters."
    written = yaml.safe_load((tmp_path / RUN / "run.yaml").read_text(encoding="utf-8"))
    assert written["variant"] == "knowing" and written["config"]["contexts"] == ["knowledge"]
    predicted = (tmp_path / RUN / "predictions.jsonl").read_text(encoding="utf-8")
    assert "knowledge.shuffled" in predicted and "knowledge.blank" in predicted

    # Another question is said to be another; asked where no server is, what was written stays.
    prompt = tmp_path / "prompt.md"
    prompt.write_text("Who is {{ text }}?", encoding="utf-8")
    elsewhere = {"prompt": "prompt.md", "base_url": "http://127.0.0.1:9/v1", "retries": 0}
    config["asked_contexts"]["knows"] |= elsewhere
    before = (tmp_path / FOLDER / "knows.jsonl").read_bytes()
    said = workflow.plan(tmp_path, config).output
    assert "knows.jsonl was asked for with another model, prompt, options or images" in said
    assert asking.plan(tmp_path, config).jobs["ask_context"] == 1
    failed = asking.run(tmp_path, config, TEST_KEY="sk-secret")
    assert failed.status == 1 and "cannot be reached" in failed.output
    assert (tmp_path / FOLDER / "knows.jsonl").read_bytes() == before
    # It needs no entry either.
    del config["asked_contexts"]
    assert "prepare" not in workflow.plan(tmp_path, config).jobs


def test_a_killed_job_goes_on_and_writes_the_same_bytes(
    server: ChatServer, workflow: Workflow, config: dict, tmp_path: Path
):
    asking = replace(workflow, snakefile="contexts.smk")
    assert asking.run(tmp_path / "whole", config, TEST_KEY="sk-secret").status == 0
    before, server.delay = len(server.asked), 0.2
    process = asking.start(tmp_path / "killed", config, TEST_KEY="sk-secret")
    while len(server.asked) < before + 10 and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    server.delay = 0.0
    file = tmp_path / "killed" / FOLDER / "knows.jsonl"
    assert not file.exists()
    assert asking.run(tmp_path / "killed", config, "--unlock").status == 0
    result = asking.run(tmp_path / "killed", config, TEST_KEY="sk-secret")
    assert result.status == 0, result.output
    record = ContextRecord.read(file.with_suffix(".yaml"), "")
    sees = ContextRecord.read(file.with_name("sees.yaml"), "")
    assert record.from_cache + sees.from_cache > 0
    for name in ("knows.jsonl", "sees.jsonl"):
        assert (tmp_path / "whole" / FOLDER / name).read_bytes() == file.with_name(name).read_bytes()


def test_a_real_model_writes_what_contexts_are_read_from(llama: str, tmp_path: Path):
    said = ["Bob sees Paris", "It rains !"]
    posts = [Post(str(place), words.split(), ["O"] * 3) for place, words in enumerate(said)]
    write_posts(tmp_path / "posts.jsonl", posts)
    question = ContextQuestion(llama, "SmolLM2", reads=["text"], options={"max_tokens": 24})
    asked = Asked([tmp_path / "posts.jsonl"], ROOT / "config/prompts/text_knowledge.md")
    out = {"texts": tmp_path / "c.jsonl", "record": tmp_path / "c.yaml"}
    about, written = {"dataset": "d", "context": "c"}, []
    for _ in range(2):
        ask_context(question, asked, Service(llama, concurrency=2), tmp_path / "cache", out, about)
        written.append(out["texts"].read_bytes())
    record = ContextRecord.read(out["record"], "")
    assert written[0] == written[1] and record.from_cache == 2
    assert [post for _, post, text in texts(out["texts"]) if text] == ["0", "1"]
    assert record.input_tokens > 200 and 8 < record.output_tokens <= 48
