"""Rivals: how any answer becomes one tag a word, how a server is asked, what it costs, what a run records."""

import base64
import io
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
import yaml
from chat_server import (
    ChatServer,
    breaks_off,
    chat_server,
    fails,
    is_slow,
    says,
    says_half,
    says_nothing,
    text_asked,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from records import NAMES
from test_grid import load

from mnerflow.config import build, settings_of
from mnerflow.config.configuration import check
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import read_tested
from mnerflow.files.checksums import content_state
from mnerflow.llm.answer import read_answer, write_answer
from mnerflow.llm.ask import ask_all
from mnerflow.llm.budget import LEDGER, Overspent
from mnerflow.llm.config import Price, RivalConfig, Service
from mnerflow.llm.picture import Pictures, show
from mnerflow.llm.rival import Material, ask_run
from mnerflow.llm.rival_prompt import RivalPrompt
from mnerflow.llm.runs import (
    check_prompts,
    has_answered,
    prompt_of,
    rival_baselines,
    rival_config,
    rival_runs,
)
from mnerflow.plan.checks import check_plan
from mnerflow.plan.datasets import Datasets
from mnerflow.plan.names import Run

PROMPT = Path(__file__).parents[2] / "config/prompt.md"
TYPES = ("PER", "LOC")
TOKENS = ["@Ann", "Lee's", "in", "New", "York", ",", "york", "!"]
GOOD = '{"entities": [{"text": "Ann Lee", "type": "PER"}, {"text": "New York", "type": "LOC"}]}'
READ = ["B-PER", "I-PER", "O", "B-LOC", "I-LOC", "O", "O", "O"]


# The configuration.
RIVAL = {
    "base_url": "http://localhost/v1",
    "model": "gpt-4o-mini",
    "datasets": ["demo"],
    "examples": [0, 4],
    "images": [False, True],
}


def configured(**changes: Any) -> dict[str, Any]:
    return load() | {"rivals": {"gpt": RIVAL | changes}}


def test_ways_of_asking_are_runs_with_a_baseline_that_sees_no_image() -> None:
    config = configured(seeds=[1, 2], posts=7, concurrency=3)
    check(config)
    runs = rival_runs(config)
    assert len(runs) == 8 and Run("demo", "none", "gpt", "none", "zero_shot", 1) in runs
    run = Run("demo", "none", "gpt", "pixels", "4_shot_image", 2)
    baseline = replace(run.combination, image_encoder="none", fusion="4_shot")
    assert run in runs and rival_baselines(runs)[run.combination] == {"image": baseline}
    rival = build(RivalConfig, rival_config(config, run), "run")
    assert (rival.examples, rival.image, rival.seed, rival.posts) == (4, True, 2, 7)
    service = settings_of(Service, config["rivals"]["gpt"])
    assert service == {
        "base_url": "http://localhost/v1",
        "concurrency": 3,
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"datasets": ["dmo"]}, "rivals.gpt.datasets: 'dmo' is not configured (did you mean 'demo'?)"),
        ({"prompt": "no.md"}, "rivals.gpt.prompt: no.md: no such file"),
        (
            {"key": "sk-secret-key"},
            "rivals.gpt.key: what is given is not the name of an environment",
        ),
        ({"modle": "m"}, "unknown key 'modle' (did you mean 'model'?)"),
        ({"base_url": "localhost:8000"}, "rivals.gpt.base_url: what is given is not the address"),
        ({"base_url": "http://me:secret@host/v1"}, "rivals.gpt.base_url: what is given is not the address"),
        ({"key": "gsk_abcDEF123"}, "rivals.gpt.key: what is given is not the name of an environment"),
        *(
            ({"options": {name: value}}, f"rivals.gpt.options: {name}: {value!r} is not a whole number, 1 or")
            for name in ("max_tokens", "max_completion_tokens")
            for value in (-1, 0, "512", 1.5, True, [1])
        ),
        ({"options": {"n": 5}}, "rivals.gpt.options: n: no option, since one whole answer"),
        ({"options": {"stream": True}}, "rivals.gpt.options: stream: no option"),
        ({"options": {"model": "dear"}}, "rivals.gpt.options: model: no option"),
        ({"filters": ["nonwrd"]}, "'nonwrd' is not known (did you mean 'nonword'?)"),
    ],
)
def test_a_rival_that_is_configured_wrongly_is_refused_in_words(change: dict, said: str) -> None:
    config = configured(**change)
    with pytest.raises(UserError) as error:
        check(config)
        check_plan(config, [], rival_runs(config))
        prompt_of(config, "gpt", PROMPT)
    assert said in str(error.value) and "sk-secret-key" not in str(error.value)


def test_seeds_that_cannot_differ_are_refused() -> None:
    same = RIVAL | {"seeds": [1, 2], "examples": [0, 4], "options": {"seed": None}}
    with pytest.raises(UserError, match=r"rivals\.bot: .* all seeds ask the same questions"):
        rival_runs(load() | {"rivals": {"bot": same}})
    rival_runs(load() | {"rivals": {"bot": same | {"examples": [4]}}})


def test_a_rival_may_not_be_taken_for_an_encoder() -> None:
    with pytest.raises(UserError, match=r"rivals\.bilstm: an encoder has this name"):
        rival_runs(load() | {"rivals": {"bilstm": RIVAL}})


# From an answer to tags.


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Of course! The answer is {GOOD}. I hope {{this}} helps.",
        f"<think>In {{a}} way: [1, 2]</think>\n{GOOD}",
        f'{GOOD} If there are none, the answer is {{"entities": []}}.',
        "\n".join(f"- {json.dumps(entity)}" for entity in json.loads(GOOD)["entities"]),
        "".join(f"```json\n{json.dumps({'entities': [one]})}\n```\n" for one in json.loads(GOOD)["entities"]),
        f"{GOOD[: GOOD.index('}') + 1]}]}} No: {GOOD}",
        GOOD.replace('"', "'"),
        GOOD.replace('", "type"', '" "type"').replace("}, {", "} {"),
        GOOD[GOOD.index("[") : -1],
        GOOD[:-2],
        GOOD.replace("Ann Lee", "ANN  LEE").replace("LOC", "loc"),
        GOOD.replace("Ann Lee", "@Ann Lee’s"),
    ],
    ids=[
        "json",
        "fence",
        "words",
        "thoughts",
        "echo",
        "lines",
        "one a type",
        "draft",
        "single quotes",
        "no commas",
        "list",
        "end",
        "case",
        "quotes",
    ],
)
def test_an_answer_is_read_however_it_is_wrapped(answer: str) -> None:
    reading = read_answer(answer, TOKENS, TYPES)
    assert (reading.tags, reading.placed) == (READ, 2)
    assert dict(+reading.problems) == ({} if _is_json(answer) else {"mended": 1})


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("answer", [None, "", "There are none.", '["B-PER", "O", "O"]', "{}", "7", "null"])
def test_what_cannot_be_read_is_outside_and_counted(answer: str | None) -> None:
    reading = read_answer(answer, TOKENS, TYPES)
    assert reading.tags == ["O"] * len(TOKENS) and dict(reading.problems) == {"unreadable": 1}


@pytest.mark.parametrize(
    ("entities", "tags", "problems"),
    [
        ([], "O O O O O O O O", {}),
        ([("york", "LOC")], "O O O O O O B-LOC O", {}),
        ([("York", "LOC"), ("York", "LOC")], "O O O O B-LOC O B-LOC O", {}),
        ([("York", "LOC")] * 3, "O O O O B-LOC O B-LOC O", {"overlapping": 1}),
        ([("New York", "LOC"), ("New", "LOC")], "O O O B-LOC I-LOC O O O", {"overlapping": 1}),
        ([("or", "LOC"), ("Paris", "LOC")], "O O O O O O O O", {"not_in_text": 2}),
        ([("Ann", "PERSON")], "O O O O O O O O", {"unknown_type": 1}),
        (["Ann", ("", "PER"), (None, "PER")], "O O O O O O O O", {"incomplete": 3}),
        ([("Ann", "PER"), ("Lee", "PER")], "B-PER B-PER O O O O O O", {}),
    ],
)
def test_entities_are_placed_and_those_that_cannot_be_are_counted(
    entities, tags: str, problems: dict
) -> None:
    listed = [dict(zip(("text", "type"), e, strict=True)) if isinstance(e, tuple) else e for e in entities]
    reading = read_answer(json.dumps({"entities": listed}), TOKENS, TYPES)
    assert (reading.tags, dict(+reading.problems)) == (tags.split(), problems)


def test_words_of_odd_characters_are_found() -> None:
    tokens = ["\u00a0", "İzmir", "\ufe0f", "#NewYork", '"']
    answer = write_answer(["izmir", "İzmir", "New York"], [("LOC", 1, 2), ("LOC", 2, 3)])
    assert read_answer(answer, tokens, TYPES).tags == ["O", "B-LOC", "O", "B-LOC", "O"]


def wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


WRITTEN = {form: partial(normalize, form) for form in ("NFC", "NFD", "NFKC", "NFKD")} | {"wide": wide}
WORDS = [
    "e\u0301\u0323x",
    "Café",
    "Łódź",
    "Dvořák's",
    "서울",
    "ﬁsh",
    "Ångström",
    "Zoë",
    "№5",
    "İzmir",
    "Việt",
    "रामी",
    "สุรินทร์",
]


@given(
    st.permutations(WORDS),
    st.sampled_from(sorted(WRITTEN)),
    st.sampled_from(sorted(WRITTEN)),
    st.integers(0, len(WORDS) - 1),
    st.integers(1, 4),
    st.sampled_from([" ", "\u00a0", "\u3000"]),
)
@settings(max_examples=200)
def test_words_are_found_in_any_normal_form(words, of_text, of_answer, start, length, space) -> None:
    tokens = [WRITTEN[of_text](word) for word in words]
    named = words[start : start + length]
    said = space.join(WRITTEN[of_answer](word) for word in named)
    reading = read_answer(json.dumps({"entities": [{"text": said, "type": "LOC"}]}), tokens, TYPES)
    rest = len(words) - start - len(named)
    assert reading.tags == ["O"] * start + ["B-LOC"] + ["I-LOC"] * (len(named) - 1) + ["O"] * rest


@pytest.mark.parametrize("of_text", sorted(WRITTEN))
@pytest.mark.parametrize("said", ["Cafe", "Caf", "Dvora", "vořák", "Viet", "राम", "สุรินทร", "ส"])
def test_a_part_of_the_letters_is_no_word_in_any_normal_form(said: str, of_text: str) -> None:
    tokens = [WRITTEN[of_text](word) for word in WORDS]
    reading = read_answer(json.dumps([{"text": said, "type": "LOC"}]), tokens, TYPES)
    assert dict(+reading.problems) == {"not_in_text": 1}


@pytest.mark.parametrize("quote", "'‘’‚‛′´`ʼ＇")
def test_quotation_marks_of_any_shape_are_one(quote: str) -> None:
    reading = read_answer(json.dumps([{"text": "Lee's", "type": "PER"}]), [f"Lee{quote}s", "!"], TYPES)
    assert reading.tags == ["B-PER", "O"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([*TOKENS, *TYPES, ""]),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["entities", "text", "type", "a"]), inner)
    ),
)


@given(st.text() | JSON.map(json.dumps) | JSON.map(lambda value: json.dumps(value)[: len(str(value)) // 2]))
@settings(max_examples=100)
def test_every_word_gets_one_tag_whatever_the_answer(answer: str) -> None:
    tags = read_answer(answer, TOKENS, TYPES).tags
    assert len(tags) == len(TOKENS)
    assert all(tag[:2] != "I-" or before != "O" for before, tag in zip(["O", *tags], tags, strict=False))


# The prompt.


def test_the_prompt_shows_types_text_and_examples() -> None:
    example = Post("1", ["Ann", "!"], ["B-PER", "O"], dropped=[1])
    post = Post("2", ["in", "Rome"], ["O", "O"])
    prompt = RivalPrompt(PROMPT, TYPES, False, [example, post])
    told, shown, answered, asked = prompt.messages(post, [], [(example, [])])
    assert (
        "PER: people" in told["content"] and "ORG" not in told["content"] and "image" not in told["content"]
    )
    assert shown["content"].endswith("Ann") and asked["content"].endswith("in Rome")
    assert answered == {"role": "assistant", "content": '{"entities": [{"text": "Ann", "type": "PER"}]}'}
    assert "image" in RivalPrompt(PROMPT, TYPES, True, [example]).messages(example, [], [])[0]["content"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Find names.\n---\nGo on.", "never shows the text"),
        ("{{ words }}", "'words' is undefined"),
        ("{% if image %}{{ text }}", "not a prompt"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said) as error:
        RivalPrompt(tmp_path / "prompt.md", TYPES, image=False)
    assert str(tmp_path / "prompt.md") in str(error.value)


DOUBLED = "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 40


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n{{ types.__class__.__mro__ }}{{ text }}", ":2: not a prompt (access to attribute '__class__'"),
        (
            "{{ cycler.__init__.__globals__.os.system('touch ' ~ text) }}",
            ":1: not a prompt (access to attribute",
        ),
        ("{{ ''['__cla' ~ 'ss__'] }}{{ text }}", ":1: not a prompt (access to attribute '__class__'"),
        ("{{ text | attr('__class__') }}", ":1: not a prompt (access to attribute '__class__'"),
        ("a\n---\nb\n{{ '{0.__class__}'.format(text) }}", ":4: not a prompt (access to attribute"),
        ("{{ types.append('x') }}{{ text }}", ":1: not a prompt (access to attribute 'append'"),
        ("a\n{% include '/etc/passwd' %}{{ text }}", ":2: not a prompt (no loader"),
        ("a\n---\nb\n{{ 1 / 0 }}{{ text }}", ":4: not a prompt (division by zero)"),
        ("a\n---\nb\n{% if image %}{{ text }}", ":4: not a prompt (Unexpected end of template"),
        ("a\n{{ text | shorten }}\n", ":2: not a prompt (No filter named 'shorten'"),
        ("a\n{{ types[0]['x'] }}\n---\n{{ text }}", ":2: not a prompt ('str object' has no attribute 'x')"),
        ("{{ range(10 ** 9) }}{{ text }}", ":1: not a prompt (Range too big"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}{{ text }}", ":1: not a prompt (it takes more than"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}{{ text }}", ": not a prompt (it takes more than"),
        (DOUBLED + "{{ x }}{{ text }}", ": not a prompt (it takes more than"),
        ("{{ 'a' * 10 ** 10 }}{{ text }}", ":1: not a prompt (it takes more than"),
        (
            "{% for a in range(99999) %}aaaaaaaaaaa{% endfor %}{{ text }}",
            ": not a prompt (it makes more than",
        ),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{{ text }}",
            ": not a prompt (it takes more than 1 s",
        ),
        ("{{ 7 ** (7 ** (7 ** 7)) }}{{ text }}", ": not a prompt (it takes more than 1 s"),
    ],
)
def test_a_prompt_runs_no_code_and_ends(text: str, said: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("mnerflow.llm.template.SECONDS", 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompt.md").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        RivalPrompt(tmp_path / "prompt.md", TYPES, image=True)
    assert str(error.value).startswith(f"{tmp_path / 'prompt.md'}:") and "\n" not in str(error.value)
    assert said in str(error.value)
    assert [file.name for file in tmp_path.iterdir()] == ["prompt.md"]


def test_a_prompt_that_fails_for_one_way_of_asking_is_told_when_planned(tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.md"
    prompt.write_text("{% if image %}{{ picture }}{% endif %}{{ text }}", encoding="utf-8")
    check_prompts(configured(images=[False]), rival_runs(configured(images=[False])), {"gpt": prompt})
    with pytest.raises(UserError, match="'picture' is undefined"):
        check_prompts(configured(), rival_runs(configured()), {"gpt": prompt})


# A server that misbehaves.


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as running:
        yield running


def ask(
    server: ChatServer,
    folder: Path,
    count: int = 1,
    *,
    limit: float | None = None,
    max_tokens: int | None = 20,
    **changes: Any,
):
    service = Service(server.url, **{"timeout": 60.0, "retries": 2} | changes)

    def make(place: int) -> dict[str, Any]:
        return {
            "model": "m",
            "max_tokens": max_tokens,
            "messages": [{"role": "user", "content": f"Text: word{place}"}],
        }

    return ask_all(make, count, service, folder, 10, "today", limit)


@pytest.mark.parametrize(
    "misbehaves",
    [
        is_slow,
        fails(429, Retry_After="0.01"),
        fails(500, retry_after_ms="10"),
        fails(503, retry_after_ms="10"),
        breaks_off,
        says_half,
        says_nothing,
    ],
    ids=["slow", "429", "500", "503", "too short", "half a JSON", "no choice"],
)
def test_a_server_that_fails_once_is_asked_again(misbehaves, server: ChatServer, tmp_path: Path) -> None:
    server.next.append(misbehaves)
    (answer,) = ask(server, tmp_path, **{"timeout": 2.0} if misbehaves is is_slow else {})
    assert answer.content == '{"entities": [{"text": "word0", "type": "PER"}]}'
    paid = 2 if misbehaves is says_nothing else 1  # which has the tokens of a reply
    assert (answer.input_tokens, answer.output_tokens) == (100 * paid, 10 * paid)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("misbehaves", "said"),
    [
        (fails(500, retry_after_ms="10"), "answers 500 (no), also after 1 retry"),
        (fails(429, retry_after_ms="10"), "answers 429 (no), also after 1 retry"),
        (fails(429, Retry_After="3600"), "answers 429 (no) and asks to wait (3600), also after 0 retries."),
        (says_half, "something other than a chat completion"),
        (
            fails(404, {"message": "no model m"}),
            "has no such address or model (404: no model m). Correct its `base_url` or `model`.",
        ),
        (
            fails(429, {"message": "pay", "code": "insufficient_quota"}, x_should_retry="false"),
            "no money left",
        ),
    ],
    ids=["500", "429", "429 for an hour", "half a JSON", "404", "no money"],
)
def test_a_server_that_keeps_failing_is_named_and_nothing_is_lost(
    misbehaves, said: str, server: ChatServer, tmp_path: Path
) -> None:
    server.next.extend([says("{}"), *[misbehaves] * 2])
    with pytest.raises(UserError) as error:
        ask(server, tmp_path, 3, concurrency=1, retries=1)
    assert said in str(error.value) and server.url in str(error.value)
    server.next.clear()
    answers = ask(server, tmp_path, 3)
    assert answers[0].content == "{}" and answers[0].cached
    assert sum(text_asked(body) == "word0" for body in server.asked) == 1


def test_an_answer_in_parts_is_joined(server, tmp_path: Path) -> None:
    server.next.append(says([{"type": "text", "text": '{"a": '}, {"type": "text", "text": "1}"}]))
    [answer] = ask(server, tmp_path, 1, retries=0)
    assert answer.content == '{"a": 1}'


def test_a_post_that_the_server_alone_refuses_is_an_answer_of_nothing(server, tmp_path: Path) -> None:
    server.next.append(fails(400, {"message": "filtered", "code": "content_filter"}))
    first, second = ask(server, tmp_path, 2, concurrency=1)
    assert (first.content, first.finish_reason) == (None, "content_filter") and second.content


BAD_REQUEST = fails(400, {"message": "the prompt is too long"})


def test_a_request_that_is_refused_in_other_words_costs_one_answer(server, tmp_path: Path, caplog) -> None:
    server.next.extend([says("{}"), BAD_REQUEST, says("{}")])
    answers = ask(server, tmp_path, 3, concurrency=1)
    assert [answer.finish_reason for answer in answers] == ["stop", "refused", "stop"]
    assert "without an answer: 1; the first" in caplog.text and "the prompt is too long" in caplog.text
    again = ask(server, tmp_path, 3)
    assert [answer.cached for answer in again] == [True, False, True] and again[1].content


@pytest.mark.parametrize(("answered", "refused"), [(1, 5), (0, 2)], ids=["five in a row", "all"])
def test_a_server_that_refuses_request_after_request_stops_the_run(
    answered: int, refused: int, server, tmp_path: Path
) -> None:
    server.next.extend([says("{}")] * answered + [BAD_REQUEST] * refused)
    with pytest.raises(UserError, match=r"too long.*Correct the model's `response_format` or `options`"):
        ask(server, tmp_path, min(answered * 10 + refused, 10), concurrency=1)
    assert len(server.asked) <= answered + refused + 1  # one may be under way


def test_replies_that_are_no_answer_are_paid_for_too(server: ChatServer, tmp_path: Path) -> None:
    server.next.append(says_nothing)
    [answer] = ask(server, tmp_path, price=Price(1, 10), limit=1.0)
    assert (answer.input_tokens, answer.output_tokens) == (200, 20)
    paid = [line.split("\t")[2] for line in (tmp_path / "spent.tsv").read_text().splitlines()]
    assert paid == ["0.000200000"] * 2


def test_a_key_is_sent_and_never_shown(server: ChatServer, tmp_path: Path, monkeypatch, caplog) -> None:
    with pytest.raises(UserError, match="MY_KEY is not set"):
        ask(server, tmp_path, key="MY_KEY")
    monkeypatch.setenv("MY_KEY", "sk-secret")
    server.next.append(fails(401, {"message": "Incorrect API key: sk-secret"}))
    with pytest.raises(UserError, match="refuses the key in MY_KEY") as error:
        ask(server, tmp_path, key="MY_KEY")
    ask(server, tmp_path, key="MY_KEY")
    assert server.keys == {"Bearer sk-secret"}
    written = [file.read_text(encoding="utf-8") for file in tmp_path.rglob("*") if file.is_file()]
    assert "sk-secret" not in f"{error.value}{caplog.text}{written}"


def test_no_more_are_under_way_than_allowed_and_none_is_asked_twice(
    server: ChatServer, tmp_path: Path
) -> None:
    three, whole = threading.Barrier(3), server.answer
    server.answer = lambda body: (three.wait(60), whole(body))[1]
    answers = ask(server, tmp_path, 12, concurrency=3)
    server.answer = whole
    assert [json.loads(a.content)["entities"][0]["text"] for a in answers] == [f"word{i}" for i in range(12)]
    assert server.most_at_once == 3 and len(server.asked) == 12
    assert all(answer.cached for answer in ask(server, tmp_path, 12))
    assert len(server.asked) == 12
    ask(server, tmp_path / "other", 1)
    assert len(server.asked) == 13


# Money. An answer costs 100 tokens read and 10 written, $0.00012; the longest allowed would have 20.
PRICE = Price(input=1.0, output=2.0)


def test_what_may_be_spent_is_never_passed_and_a_later_run_goes_on(
    server: ChatServer, tmp_path: Path
) -> None:
    with pytest.raises(Overspent, match="run again with a higher max_cost"):
        ask(server, tmp_path, 20, limit=0.0007, price=PRICE, concurrency=4)
    paid = [float(line.split("\t")[2]) for line in (tmp_path / LEDGER).read_text().splitlines()]
    assert len(paid) == len(server.asked) and 3 <= len(paid) <= 5 and sum(paid) <= 0.0007
    ask(server, tmp_path, 20, limit=0.01, price=PRICE)
    assert len(server.asked) == 20


def test_jobs_of_one_start_share_what_may_be_spent(server: ChatServer, tmp_path: Path) -> None:
    ask(server, tmp_path, 2, limit=0.0003, price=PRICE)
    with pytest.raises(Overspent, match=r"\$0.0002 are spent"):
        ask(server, tmp_path, 3, limit=0.0003, price=PRICE)
    for amounts in ("much", "0.1\tnan", "0.1\t-inf"):
        (tmp_path / LEDGER).write_text(f"yesterday\t0.1\t1.0\ntoday\t{amounts}\n", encoding="utf-8")
        with pytest.raises(UserError, match=r"spent.tsv:2: 'today\\t.* is no payment"):
            ask(server, tmp_path, 3, limit=1, price=PRICE)


def test_no_amount_is_held_for_answers_of_any_length(server: ChatServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"any length\. Set max_tokens or max_completion_tokens in"):
        ask(server, tmp_path, limit=1.0, price=PRICE, max_tokens=None)
    assert server.asked == []
    ask(server, tmp_path, price=PRICE, max_tokens=None)
    ask(server, tmp_path, limit=1.0, price=PRICE, max_tokens=None)  # known already
    ask(server, tmp_path, 2, limit=1.0, max_tokens=None)  # costs nothing
    assert len(server.asked) == 2


def test_an_estimate_is_given_before(server: ChatServer, tmp_path: Path, caplog) -> None:
    ask(server, tmp_path, 2, limit=1.0, price=PRICE)
    # 11 characters a question, four a token, and ten tokens an answer.
    assert "2 of 2 answers to be asked for, about 6 tokens; about $0.0000; max_cost is $1" in caplog.text
    with pytest.raises(UserError, match="Set the model's `price`"):
        ask(server, tmp_path, 3, limit=1.0, key="ANY")


# A run.


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """Three posts to ask about (one with a broken image), and four to draw examples from."""
    (tmp_path / "images").mkdir()
    Image.new("RGB", (800, 400), "red").save(tmp_path / "images/wide.png")
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(tmp_path / "images/small.png")
    test = [
        Post("1", ["Ann", "sings", "."], ["B-PER", "O", "O"], ["wide.png", "small.png"]),
        Post("2", ["Rome"], ["B-LOC"], ["lost.png"]),
        Post("3", ["RT", "Lee", "!"], ["O", "B-PER", "O"], dropped=[0]),
    ]
    train = [Post(f"t{i}", [f"name{i}", "sings"], ["B-PER", "O"], ["wide.png"]) for i in range(4)]
    write_posts(tmp_path / "test.jsonl", test)
    write_posts(tmp_path / "train.jsonl", train)
    return Material(tmp_path / "train.jsonl", tmp_path / "test.jsonl", PROMPT, Pictures(tmp_path / "images"))


def run(server: ChatServer, material: Material, folder: Path, **changes: Any) -> tuple[list[list[str]], dict]:
    """Ask, and return the predicted tags of every post and the record."""
    rival = RivalConfig(server.url, "m", TYPES, **{"seed": 1} | changes)
    out = {name: folder / name for name in ("predictions", "answers", "record")}
    service = Service(server.url, concurrency=1, price=PRICE)
    ask_run(rival, material, service, folder / "cache", out, NAMES)
    record = yaml.safe_load(out["record"].read_text(encoding="utf-8"))
    return [prediction.predicted for prediction in read_tested(out["predictions"])], record


def test_a_run_tags_every_post_and_records_what_it_met(server: ChatServer, material, tmp_path: Path) -> None:
    wrong_length = says('["B-PER", "O", "O", "O", "O"]')
    server.next.extend([wrong_length, says('{"entities": [{"text": "Rome", "type": "LO', "length")])
    tags, record = run(server, material, tmp_path / "run")
    assert tags == [["O"] * 3, ["O"], ["O", "B-PER", "O"]]
    assert text_asked(server.asked[2]) == "Lee !"
    assert record["answers"] == {"unreadable": 1, "mended": 1, "cut_off": 1}
    assert record["entities"] == {
        "placed": 1, "incomplete": 0, "unknown_type": 1, "not_in_text": 0, "overlapping": 0
    }  # fmt: skip
    assert (record["input_tokens"], record["output_tokens"], record["from_cache"]) == (300, 30, 0)
    assert record["cost"] == record["cost_now"] == pytest.approx(0.00036)
    assert {"openai", "json-repair", "python"} <= set(record["versions"]) and len(record["data_sha256"]) == 2
    again, record = run(server, material, tmp_path / "run")
    assert again == tags and len(server.asked) == 3
    assert (record["from_cache"], record["cost"], record["cost_now"]) == (3, pytest.approx(0.00036), 0)


def test_the_same_question_is_asked_once(server: ChatServer, material: Material, tmp_path: Path) -> None:
    write_posts(material.test, [Post(str(n), ["Ann", "sings"], ["B-PER", "O"]) for n in range(3)])
    tags, record = run(server, material, tmp_path / "run")
    assert tags == [["B-PER", "O"]] * 3 and len(server.asked) == 1
    assert record["from_cache"] == 0 and record["cost"] == record["cost_now"] == pytest.approx(0.00012)
    _, again = run(server, material, tmp_path / "run")
    assert (again["from_cache"], again["cost"], again["cost_now"]) == (3, record["cost"], 0)


def test_a_changed_prompt_is_another_question(server: ChatServer, material: Material, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text(PROMPT.read_text(encoding="utf-8").replace("You find", "Find"), encoding="utf-8")
    _, before = run(server, material, tmp_path / "run")
    changed = Material(material.train, material.test, other, material.pictures)
    _, after = run(server, changed, tmp_path / "run")
    assert len(server.asked) == 6 and before["prompt"]["sha256"] != after["prompt"]["sha256"]


def test_the_request_asks_for_json_by_schema_with_its_options(server: ChatServer, material, tmp_path: Path):
    run(server, material, tmp_path / "run", posts=1, options={"max_tokens": None, "top_k": 5})
    (body,) = server.asked
    form = body["response_format"]["json_schema"]["schema"]["properties"]["entities"]["items"]
    assert form["properties"]["type"]["enum"] == ["PER", "LOC"]
    assert (body["model"], body["temperature"], body["seed"], body["top_k"]) == ("m", 0, 1, 5)
    assert "max_tokens" not in body and "image_url" not in json.dumps(body)
    run(server, material, tmp_path / "run", posts=1, response_format="text")
    assert "response_format" not in server.asked[1]


def test_images_are_shown_no_larger_than_asked(
    server: ChatServer, material: Material, tmp_path: Path
) -> None:
    _, record = run(server, material, tmp_path / "run", image=True, image_size=100, detail="low", examples=1)
    assert record["images_not_shown"] == {"lost.png": "missing"}
    example, question = (body["content"] for body in server.asked[0]["messages"] if body["role"] == "user")
    assert [part["type"] for part in example] == ["text", "image_url"]
    text, *images = question
    assert text["type"] == "text" and [part["image_url"]["detail"] for part in images] == ["low", "low"]
    sizes = []
    for part in images:
        kind, _, data = part["image_url"]["url"].partition(",")
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            sizes.append((kind, image.format, image.size))
    assert sizes == [("data:image/jpeg;base64", "JPEG", size) for size in ((100, 50), (30, 20))]
    assert isinstance(server.asked[1]["messages"][-1]["content"], str), "asked without the image that is lost"
    kept = [file.read_text(encoding="utf-8") for file in (tmp_path / "run/cache").rglob("*.json")]
    assert all("base64" not in text for text in kept) and any('"sha256:' in text for text in kept)


@pytest.mark.parametrize("comment", ["Ann sings", "Ann sings" * 9000], ids=["short", "too long for a JPEG"])
def test_no_comment_of_an_image_is_shown(comment: str, tmp_path: Path) -> None:
    about = PngInfo()
    about.add_text("comment", comment)
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png", pnginfo=about)
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.gif", comment=comment.encode())
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.jpg", comment=comment[:65533].encode())
    parts, broken = show(tmp_path, ["a.png", "a.gif", "a.jpg"], 100, "letterbox", None)
    assert broken == {}
    for part in parts:
        assert b"Ann" not in base64.b64decode(part["image_url"]["url"].partition(",")[2])


@pytest.mark.parametrize(
    ("change", "counts", "is_read"),
    [
        (lambda config: None, {"without", "shown"}, False),
        (lambda config: Path("mine/images/wide.png").write_bytes(b"another"), {"without"}, True),
        (lambda config: Path("mine/images/small.png").unlink(), {"without"}, True),
        (lambda config: Path("mine/images/unused.png").touch(), {"without", "shown"}, True),
        (lambda config: os.utime("mine/images/wide.png"), {"without", "shown"}, True),
        (lambda config: config.update(images={"broken": "fail"}), {"without"}, False),
        (lambda config: config["datasets"]["mine"].update(fit="wrap"), {"without"}, False),
        (lambda config: _lose("images", "state"), {"without", "shown"}, True),
        (lambda config: _lose("images"), {"without"}, False),
    ],
    ids=["nothing", "other bytes", "missing", "not shown", "time", "broken", "fit", "older", "oldest"],
)
def test_answers_count_while_the_model_would_be_shown_the_same_images(
    change: Callable[[dict], Any],
    counts: set,
    is_read: bool,
    server: ChatServer,
    material,
    tmp_path: Path,
    monkeypatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    posts, images = Path("results/data/mine/none"), Path("mine/images")
    shutil.copytree(tmp_path / "images", images)
    posts.mkdir(parents=True)
    for split in ("train", "test"):
        shutil.copy(tmp_path / f"{split}.jsonl", posts)
    there = Material(posts / "train.jsonl", posts / "test.jsonl", PROMPT, Pictures(images))
    rival = RIVAL | {"base_url": server.url, "datasets": ["mine"], "examples": [1]}
    entry = {"folder": "mine", "types": [*TYPES], "format": "jsonl", "splits": {}}
    config = load() | {"rivals": {"gpt": rival}, "datasets": {"mine": entry}}
    runs = {"shown" if run.image_encoder == "pixels" else "without": run for run in rival_runs(config)}
    for name, one in runs.items():
        asked = build(RivalConfig, rival_config(config, one), name)
        files = {"answers": "answers", "predictions": "predictions.jsonl", "record": "run.yaml"}
        out = {kind: Path("runs", name, file) for kind, file in files.items()}
        ask_run(asked, there, Service(server.url), Path("cache"), out, one.names)
        for file in ("scores.json", "counts.npz"):
            Path("runs", name, file).touch()
    change(config)
    read, data = [], Datasets(config)
    monkeypatch.setattr(
        "mnerflow.record.content_state", lambda *seen: (read.append(seen), content_state(*seen))[1]
    )
    answered = {name for name, one in runs.items() if has_answered(Path("runs", name), data, one, PROMPT)}
    assert answered == counts
    assert bool(read) == is_read, "thousands of photos are read only if something changed"


def _lose(*keys: str) -> None:
    """Remove a value from the record of the run that was shown images, as in those of earlier versions."""
    file = Path("runs/shown/run.yaml")
    record = yaml.safe_load(file.read_text(encoding="utf-8"))
    *outer, last = keys
    del reduce(dict.__getitem__, outer, record)[last]
    file.write_text(yaml.safe_dump(record), encoding="utf-8")


def test_examples_are_drawn_by_the_seed(server: ChatServer, material: Material, tmp_path: Path) -> None:
    drawn = [run(server, material, tmp_path / "run", examples=2, seed=s)[1]["examples"] for s in (1, 1, 2, 3)]
    assert drawn[0] == drawn[1] and len({*map(tuple, drawn)}) > 1
    answers = [m["content"] for m in server.asked[0]["messages"] if m["role"] == "assistant"]
    assert [json.loads(a)["entities"][0]["text"] for a in answers] == [f"name{post[1:]}" for post in drawn[0]]
    with pytest.raises(UserError, match="only 4 posts, but 5 examples are"):
        run(server, material, tmp_path / "run", examples=5)
