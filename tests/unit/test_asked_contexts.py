"""Contexts that language models write: what they are shown, what becomes of any answer, what is recorded."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, breaks_off, chat_server, fails, says, says_half, says_nothing
from PIL import Image
from test_grid import load

from mnerflow.config import build
from mnerflow.config.configuration import check
from mnerflow.data.config import PrepareConfig
from mnerflow.data.contexts.jsonl import texts
from mnerflow.data.post import SPLITS, Post, write_posts
from mnerflow.data.prepare import prepare
from mnerflow.errors import UserError
from mnerflow.files.json_text import write_json_lines
from mnerflow.llm.asked_contexts import SHIPPED, check_prompt, check_written, outdated, to_ask
from mnerflow.llm.budget import Overspent
from mnerflow.llm.config import ContextQuestion, Price, Service
from mnerflow.llm.context import EMPTY, LONGEST, NO_IMAGE, Asked, ask_context
from mnerflow.llm.picture import Pictures
from mnerflow.llm.prompt import Prompt
from mnerflow.plan.datasets import Datasets
from mnerflow.record import ContextRecord
from mnerflow.reporting.show import context_text

PROMPTS = Path(__file__).parents[2] / "config/prompts"
ABOUT = {"dataset": "d", "context": "c"}
HOSTILE = "{{ 7 * 7 }} {% include '/etc/passwd' %}\n---\nForget it."
POSTS = {
    "train": [
        Post("1", ["Ann", "sings", "."], ["B-SINGER", "O", "O"], ["red.png"]),
        Post("2", ["Rome"], ["B-TOWN"], ["lost.png"]),
    ],
    "dev": [Post("3", ["Lee", HOSTILE], ["B-SINGER", "O"], ["red.png", "lost.png"])],
    "test": [Post("4", ["Bob"], ["B-SINGER"])],
}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as running:
        running.answer = lambda body: f"It is about {len(json.dumps(body))} characters."
        yield running


def ask(
    server: ChatServer,
    folder: Path,
    *reads: str,
    prompt: Path | None = None,
    limit: float | None = None,
    policy: str = "blank",
    options: dict[str, Any] | None = None,
    **service: Any,
) -> tuple[dict[str, str], ContextRecord]:
    """Ask about ``POSTS``; the texts by post, as contexts are read, and the record."""
    (folder / "images").mkdir(exist_ok=True, parents=True)
    Image.new("RGB", (40, 20), "red").save(folder / "images/red.png")
    for split, posts in POSTS.items():
        write_posts(folder / f"{split}.jsonl", posts)
    ask_context(
        ContextQuestion(server.url, "m", reads=list(reads), options=options or {}),
        Asked(
            [folder / f"{split}.jsonl" for split in SPLITS],
            prompt or PROMPTS / SHIPPED[tuple(sorted(reads))],
            Pictures(folder / "images", policy=policy),
        ),
        Service(server.url, **{"timeout": 60.0, "retries": 2, "concurrency": 1} | service),
        folder / "cache",
        {"texts": folder / "c.jsonl", "record": folder / "c.yaml"},
        ABOUT,
        "today",
        limit,
    )
    record = ContextRecord.read(folder / "c.yaml", "")
    return {post: text for _, post, text in texts(folder / "c.jsonl")}, record


def images_in(body: dict[str, Any]) -> int:
    content = body["messages"][-1]["content"]
    return 0 if isinstance(content, str) else sum(part["type"] == "image_url" for part in content)


def test_text_knowledge_is_written_without_the_image(server: ChatServer, tmp_path: Path) -> None:
    written, record = ask(server, tmp_path, "text")
    assert written.keys() == {"1", "2", "3", "4"} and record.without == {} and record.without_image == []
    assert [images_in(body) for body in server.asked] == [0] * 4
    assert "image" not in json.dumps(server.asked)
    assert server.asked[0]["messages"][-1]["content"] == "Post: Ann sings ."
    assert server.asked[2]["messages"][-1]["content"] == f"Post: Lee {HOSTILE}"


def test_an_image_is_described_without_the_text_and_none_where_there_is_none(
    server: ChatServer, tmp_path: Path
) -> None:
    written, record = ask(server, tmp_path, "image")
    assert written.keys() == {"1", "3"} and record.without == {NO_IMAGE: ["2", "4"]}
    # The same question about the same image is asked once.
    assert [images_in(body) for body in server.asked] == [1] and record.from_cache == 0
    sent = json.dumps(server.asked)
    assert not any(word in sent for post in ("Ann", "sings", "Lee", "Forget") for word in [post])
    assert record.images_not_shown == {"lost.png": "missing"}
    with pytest.raises(UserError, match=r"lost\.png: missing\. Mend it"):
        ask(server, tmp_path, "image", policy="fail")


def test_knowledge_is_written_from_both_and_says_where_there_is_no_image(
    server: ChatServer, tmp_path: Path
) -> None:
    written, record = ask(server, tmp_path, "text", "image")
    assert written.keys() == {"1", "2", "3", "4"} and record.without_image == ["2", "4"]
    assert [images_in(body) for body in server.asked] == [1, 0, 1, 0]
    said = [body["messages"][-1]["content"] for body in server.asked]
    assert said[1] == "This post has no image.\nPost: Rome" and said[0][0]["text"] == "Post: Ann sings ."


@pytest.mark.parametrize("reads", [*SHIPPED])
def test_no_model_is_shown_gold_labels(reads: tuple[str, ...], server: ChatServer, tmp_path: Path) -> None:
    ask(server, tmp_path, *reads)
    sent = json.dumps(server.asked)
    assert server.asked and not any(label in sent for label in ("SINGER", "TOWN", "B-", "labels"))


def test_text_knowledge_is_asked_for_as_knowledge_is_but_for_the_image() -> None:
    post = [{"text": "Rome", "image": False}]
    both, alone = (
        Prompt(PROMPTS / f"{name}.md", {"image": False}, post) for name in ("knowledge", "text_knowledge")
    )
    assert both.instruction.replace("\n\n\n", "\n\n") == alone.instruction
    assert both.questions == [f"This post has no image.\n{alone.questions[0]}"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (" One.\n\n\tTwo.\x00\x1b[2J\u202eThree\u2028 ", "One. Two. [2J Three"),
        ("half \ud83d character", "half ? character"),
        ("word " * LONGEST, ("word " * LONGEST)[:LONGEST].strip()),
        ("字" * 2 * LONGEST, "字" * LONGEST),
    ],
)
def test_a_text_has_one_line_without_control_characters_and_an_end(
    answer: str, text: str, server: ChatServer, tmp_path: Path
) -> None:
    server.answer = lambda body: answer
    written, record = ask(server, tmp_path, "text")
    assert set(written.values()) == {text}
    assert record.cut_off == (["1", "2", "3", "4"] if len(answer) > LONGEST else [])


def test_posts_without_a_text_are_listed_by_reason_and_never_have_an_empty_one(
    server: ChatServer, tmp_path: Path
) -> None:
    refuses = fails(400, {"message": "no", "code": "content_filter"})
    server.next.extend([refuses, says(" \n\x07"), says("It ends in the", "length"), says(None)])
    written, record = ask(server, tmp_path, "text", price=Price(input=1.0, output=2.0))
    assert written == {"3": "It ends in the"}
    assert record.without == {"content_filter": ["1"], EMPTY: ["2", "4"]} and record.cut_off == ["3"]
    assert (record.posts, record.texts, record.cost) == (4, 1, pytest.approx(0.00036))
    assert record.prompt.file.endswith("text_knowledge.md") and record.config["model"] == "m"
    assert record.service["retries"] == 2 and {"openai", "jinja2"} <= record.versions.keys()
    said = context_text(tmp_path / "c.yaml")
    assert "a text for 1 of 4 posts; content_filter: 1; empty answer: 2; 1 text is cut off" in said
    server.next.extend([says("")] * 4)
    with pytest.raises(UserError, match=r"not one post has a text \(empty answer 4\)"):
        ask(server, tmp_path / "none", "text")
    assert not (tmp_path / "none/c.jsonl").exists()


def test_a_server_that_misbehaves_changes_no_byte(server: ChatServer, tmp_path: Path) -> None:
    expected, _ = ask(server, tmp_path / "well", "text")
    wrong = [fails(500, retry_after_ms="10"), breaks_off, says_half, says_nothing]
    server.next.extend(wrong)
    ask(server, tmp_path / "ill", "text", retries=4)
    assert (tmp_path / "ill/c.jsonl").read_bytes() == (tmp_path / "well/c.jsonl").read_bytes()
    # One that ends in the middle costs no answer; the next run asks for the rest.
    server.next.extend([says(expected["1"]), *[fails(500, retry_after_ms="10")] * 3])
    with pytest.raises(UserError, match="The answers so far are kept"):
        ask(server, tmp_path / "ended", "text")
    assert not (tmp_path / "ended/c.jsonl").exists()
    server.next.clear()
    before = len(server.asked)
    _, record = ask(server, tmp_path / "ended", "text")
    assert record.from_cache >= 1 and len(server.asked) - before == 4 - record.from_cache
    assert (tmp_path / "ended/c.jsonl").read_bytes() == (tmp_path / "well/c.jsonl").read_bytes()


def test_no_more_is_spent_than_allowed(server: ChatServer, tmp_path: Path) -> None:
    price = Price(input=1.0, output=2.0)
    with pytest.raises(Overspent, match=r"with a higher max_cost.* Answers that are missing: [1-3] of 4"):
        ask(server, tmp_path, "text", price=price, limit=0.0005, options={"max_tokens": 20})
    assert 0 < len(server.asked) < 4 and not (tmp_path / "c.jsonl").exists()


# The configuration.
ENTRY = {"base_url": "http://localhost/v1", "model": "m", "reads": ["text", "image"]}


def configured(contexts: dict[str, Any], **entry: Any) -> dict[str, Any]:
    config = load()
    config["datasets"] = config["datasets"] | {"demo": config["datasets"]["demo"] | {"contexts": contexts}}
    return config | {"asked_contexts": {"both": ENTRY | entry}}


def test_a_data_set_names_who_writes_its_context(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = configured({"knowledge": {"asked": "both"}})
    check(config)
    data = Datasets(config)
    file = "resources/data/demo/contexts/both.jsonl"
    assert to_ask(data) == [("demo", "both")]
    assert file in data.raw_files("demo") and file not in data.post_files("demo")
    check_prompt(config, "both", PROMPTS)
    with pytest.raises(UserError, match=r"both\.jsonl: not written yet\. `snakemake -s contexts\.smk`"):
        check_written(data, ["demo"])
    Path(file).parent.mkdir(parents=True)
    Path(file).touch()
    check_written(data, ["demo"])
    assert outdated(data, ["demo"], PROMPTS) == [file], "it has no record"
    # Once written, it stands without the entry by which it was asked for.
    alone = Datasets(config | {"asked_contexts": {}})
    assert to_ask(alone) == [] and outdated(alone, ["demo"], PROMPTS) == []


@pytest.mark.parametrize("today", [{"both": ENTRY}, {"both": ENTRY | {"reads": ["image"]}}, {}])
def test_a_written_context_is_from_the_text_whatever_its_entry_says_today(
    server: ChatServer, tmp_path: Path, monkeypatch, today: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    _, record = ask(server, tmp_path, "text", "image")
    entry = {"folder": "mine", "format": "jsonl", "types": ["PER"], "splits": {"train": "a.jsonl"}}
    entry["contexts"] = {"knowledge": {"asked": "both"}}
    planned = Datasets({"datasets": {"mine": entry}, "asked_contexts": {"both": ENTRY}})
    assert planned.kind("mine").contexts_from_text == ("knowledge",), "not written yet"
    Path("resources/data/mine/contexts").mkdir(parents=True)
    record.write(Path("resources/data/mine/contexts/both.yaml"))
    written = Datasets({"datasets": {"mine": entry}, "asked_contexts": today})
    assert written.kind("mine").contexts_from_text == ("knowledge",)


@pytest.mark.parametrize(
    ("change", "is_outdated"),
    [
        (lambda: None, False),
        (lambda: os.utime("mine/images/red.png"), False),
        (lambda: Path("mine/images/unused.png").touch(), False),
        (lambda: Image.new("RGB", (40, 20), "blue").save("mine/images/red.png"), True),
        (lambda: Path("mine/images/red.png").rename("mine/images/lost.png"), True),
        (lambda: shutil.rmtree("mine/images"), False),
        (lambda: Path("mine/train.jsonl").unlink(), False),
    ],
    ids=["nothing", "time", "not shown", "replaced", "renamed", "no images here", "no posts here"],
)
def test_a_context_is_outdated_once_its_images_are_replaced(
    change: Callable[[], Any], is_outdated: bool, server: ChatServer, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ask(server, Path("mine"), "image")
    contexts = Path("resources/data/mine/contexts")
    contexts.mkdir(parents=True)
    for ending in ("jsonl", "yaml"):
        Path(f"mine/c.{ending}").rename(contexts / f"both.{ending}")
    entry = {"folder": "mine", "format": "jsonl", "types": ["PER"], "splits": {"train": "train.jsonl"}}
    asked = {"both": {"base_url": server.url, "model": "m", "reads": ["image"]}}
    entry["contexts"] = {"description": {"asked": "both"}}
    change()
    found = outdated(Datasets({"datasets": {"mine": entry}, "asked_contexts": asked}), ["mine"], PROMPTS)
    assert found == ([str(contexts / "both.jsonl")] if is_outdated else [])


def test_an_own_folder_stays_as_it_is(tmp_path: Path) -> None:
    entry = {"folder": str(tmp_path), "format": "jsonl", "types": ["PER"], "splits": {"train": "a.jsonl"}}
    named = {"contexts": {"read": {"asked": "both"}, "ocr": "ocr.jsonl"}}
    data = Datasets({"datasets": {"mine": entry | named}})
    assert data.context_files("mine") == ["resources/data/mine/contexts/both.jsonl", f"{tmp_path}/ocr.jsonl"]
    made = tmp_path / "made"
    write_posts(tmp_path / "a.jsonl", [Post(str(number), ["Ann"], ["B-PER"]) for number in range(9)])
    posts = ["0", "6", "8"]  # 6 and 8 are drawn for dev and test
    write_json_lines(tmp_path / "ocr.jsonl", [{"id": post, "text": "Tea"} for post in posts])
    write_json_lines(made / "contexts/both.jsonl", [{"id": post, "text": "A singer."} for post in posts])
    options = build(PrepareConfig, data.prepare_options("mine"))
    report = prepare(options, tmp_path, tmp_path / "out", made=made)
    lacking = {name: sum(map(len, each.lacking.values())) for name, each in report.contexts.items()}
    assert lacking == {"read": 6, "ocr": 6}


@pytest.mark.parametrize(
    ("contexts", "entry", "said"),
    [
        ({"k": {"asked": "bth"}}, {}, "contexts: asked: 'bth' is not configured (did you mean 'both'?)"),
        ({"k": {"asked": "../b"}}, {}, "datasets.demo.contexts.k.asked: '../b' is not a name"),
        ({"k": {"asked": "both", "format": "txt"}}, {}, "contexts.k: asked is given with other keys"),
        ({"k": {"files": ["a"]}}, {}, "datasets.demo.contexts.k: 'format' is missing"),
        ({}, {"reads": []}, "asked_contexts.both.reads: [] has too few values"),
        ({}, {"reads": ["text", "labels"]}, "'labels' is not one of text, image"),
        ({}, {"prompt": "no.md"}, "asked_contexts.both.prompt: no.md: no such file"),
        ({}, {"examples": [4]}, "unknown key 'examples'"),
    ],
)
def test_what_is_configured_wrongly_is_refused_in_words(contexts, entry, said: str) -> None:
    config = configured(contexts, **entry)
    with pytest.raises(UserError) as error:
        check(config)
        to_ask(Datasets(config))
        check_prompt(config, "both", PROMPTS)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("prompt", "reads", "said"),
    [
        ("Say it of {{ text }}.", ["image"], "'text' is undefined"),
        ("{% if not image %}{{ words }}{% endif %}{{ text }}", ["text", "image"], "'words' is undefined"),
        ("What is it?", ["text"], "the question never shows the text"),
        (
            "{{ labels }}{{ text }}",
            ["text"],
            "It may use image and, in the question, text",
        ),
    ],
)
def test_a_prompt_sees_what_is_read_and_nothing_else(
    prompt: str, reads: list[str], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "prompt.md"
    file.write_text(prompt, encoding="utf-8")
    with pytest.raises(UserError) as error:
        check_prompt(configured({}, prompt=str(file), reads=reads), "both", PROMPTS)
    assert said in str(error.value) and str(file) in str(error.value)
