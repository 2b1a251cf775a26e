"""Keys and passwords stand in no file and on no screen, however they came there."""

import base64
import html
import json
import string
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from chat_server import ChatServer, chat_server, completion
from hypothesis import given, settings
from hypothesis import strategies as st
from test_grid import load
from test_rival import PROMPT, TYPES

from mnerflow.config.configuration import check
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.llm.ask import ask_all
from mnerflow.llm.config import RivalConfig, Service
from mnerflow.llm.rival import Material, ask_run
from mnerflow.log import job, logger
from mnerflow.secrets import hide, without


@pytest.fixture(autouse=True)
def _no_log_of_another_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger, "handlers", [])


VISIBLE = "".join(map(chr, range(33, 127)))
KEYS = st.text(VISIBLE, min_size=8, max_size=60) | st.text(
    string.ascii_letters + string.digits + "-_", min_size=20, max_size=60
).map("sk-{}".format)
# How a server, a library or a shell may write it.
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "repr": repr,
    "repr of bytes": lambda key: repr(key.encode()),
    "JSON": json.dumps,
    "JSON in JSON": lambda key: json.dumps(json.dumps(key)),
    "JSON by code points": lambda key: "".join(f"\\u{ord(letter):04X}" for letter in key),
    "address": lambda key: quote(key, safe=""),
    "path": quote,
    "address in an address": lambda key: quote(quote(key, safe=""), safe=""),
    "HTML": html.escape,
    "HTML in HTML": lambda key: html.escape(html.escape(key)),
    "HTML by code points": lambda key: "".join(f"&#{ord(letter)};" for letter in key),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of the header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "basic": lambda key: base64.b64encode(f":{key}".encode()).decode(),
    "basic with a name": lambda key: base64.urlsafe_b64encode(f"me:{key}@x".encode()).decode(),
    "base64 in an address": lambda key: quote(base64.b64encode(key.encode()), safe=""),
    "hexadecimal": lambda key: key.encode().hex(),
}


def parts(key: str, form: Callable[[str], str]) -> list[str]:
    """What of a key's form no text may hold: each half of it, unless it is short."""
    written = form(key)
    return [part for part in (written, written[len(written) // 2 :]) if len(part) >= 8]


@given(KEYS, st.sampled_from(sorted(FORMS)), st.text(max_size=5), st.text(max_size=5))
@settings(max_examples=50)
def test_a_key_is_hidden_in_every_form(key: str, form: str, before: str, after: str) -> None:
    said = without(f"{before}{FORMS[form](key)} {after}", key)
    assert "…" in said and not any(
        part in said for part in parts(key, FORMS[form]) if part not in before + after
    )


@pytest.mark.parametrize("key", ["key", "EMPTY", "sk-1234"])
def test_a_placeholder_changes_no_answer(key: str, server: ChatServer, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("RIVAL", key)
    server.next.append(echoes("answer", f"Tur{key}"))
    request = {"model": "m", "messages": []}
    (answer,) = ask_all(lambda place: request, 1, Service(server.url, key="RIVAL"), tmp_path, 1)
    assert answer.content.endswith(f" Tur{key}")
    monkeypatch.setenv("OTHER_KEY", key)
    assert hide(f"Tur{key}") == f"Tur{key}"


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with chat_server() as running:
        yield running


def echoes(place: str, said: str) -> Callable[[Any], None]:
    """A server that says it in this place of its reply."""
    if place == "answer":
        return lambda handler: handler.say(
            f'{{"entities": [{{"text": {json.dumps(said)}, "type": "PER"}}]}} {said}'
        )
    if place == "finish reason":
        return lambda handler: handler.say("{}", said)
    if place == "header":
        header = "".join(letter for letter in said if letter.isascii() and letter.isprintable())
        return lambda handler: handler.reply(400, {"error": {"message": "no"}}, {"X-Said": header})
    if place == "code":
        return lambda handler: handler.reply(
            400, {"error": {"message": "no", "type": "content_filter", "code": said}}
        )
    if place == "other body":
        return lambda handler: handler.reply(400, {"detail": {"you said": [said]}})
    if place == "text":
        return lambda handler: handler.reply(403, said.encode(), {"Content-Type": "text/plain"})
    if place == "elsewhere":
        return lambda handler: handler.reply(200, completion([]) | {"key": said, "choices": [{"key": said}]})
    return lambda handler: handler.reply(
        int(place), {"error": {"message": f"Bearer {said} is wrong", "code": said}}
    )


PLACES = [
    "answer",
    "finish reason",
    "header",
    "code",
    "other body",
    "text",
    "elsewhere",
    "400",
    "401",
    "404",
    "429",
    "500",
]


@given(KEYS, st.sampled_from(sorted(FORMS)), st.sampled_from(PLACES))
@settings(max_examples=20)
def test_a_key_that_a_server_says_stands_in_no_file_and_no_error(
    server: ChatServer, monkeypatch, capsys, key: str, form: str, place: str
) -> None:
    monkeypatch.setenv("RIVAL", key)
    server.next.clear()
    server.next.extend([echoes(place, FORMS[form](key))] * 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split in ("train", "test"):
            write_posts(folder / f"{split}.jsonl", [Post("1", ["Ann"], ["B-PER"])])
        material = Material(folder / "train.jsonl", folder / "test.jsonl", PROMPT)
        out = {each: folder / each for each in ("predictions", "answers", "record")}
        names = {
            "dataset": "d",
            "filter": "none",
            "text": "r",
            "image": "none",
            "fusion": "zero_shot",
            "seed": 1,
        }
        service = Service(server.url, key="RIVAL", retries=0, timeout=60)
        with suppress(SystemExit), job("asked", folder / "log"):
            ask_run(RivalConfig(server.url, "m", TYPES, 1), material, service, folder / "cache", out, names)
        written = "".join(
            str(file) + file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()
        )
    shown = capsys.readouterr()
    assert "asked" in written
    everything = written + shown.out + shown.err
    assert not [
        part for part in parts(key, FORMS[form]) if part in everything and part not in repr(server.asked)
    ]


@pytest.mark.parametrize(
    "key", ["sk-abc\ndef", "sk-abc\n", " sk-abc", "sk abc", "sk-\x00abc", "sk-\x7f", "sk-ä", "sk-\u200b"]
)
def test_a_key_that_none_can_be_is_refused_unseen(
    key: str, server: ChatServer, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("os.environ", {"RIVAL": key})  # the system takes no zero
    asked = len(server.asked)
    with pytest.raises(UserError, match="the environment variable RIVAL holds white space") as error:
        ask_all(
            lambda place: {"model": "m", "messages": []}, 1, Service(server.url, key="RIVAL"), tmp_path, 1
        )
    assert "sk" not in str(error.value) and len(server.asked) == asked


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("HF_TOKEN", "hf_abcdefghijklmn", "hf_abcdefghijklmn"),
        ("https_proxy", "http://me:s3cret-word@proxy:3128", "s3cret-word"),
        ("PIP_INDEX_URL", "https://__token__:s3cret-word@host/simple", "s3cret-word"),
    ],
)
def test_a_log_has_no_secret_of_the_environment(
    name: str, value: str, secret: str, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit), job("fetched", tmp_path / "log") as log:
        log.warning("trying %s", value)
        raise ValueError(f"cannot use {value!r}")
    shown = capsys.readouterr()
    text = (tmp_path / "log").read_text(encoding="utf-8") + shown.out + shown.err
    assert "trying" in text and "cannot use" in text and secret not in text
    assert hide("a:b@c and http://host/a@b:c@d") == "a:b@c and http://host/a@b:c@d"


@pytest.mark.parametrize(
    "proxy", ["ftp://me:s3cret-word@proxy", "http://me:s3cret-word@pro xy:x", "http://[s3cret-word"]
)
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(
    proxy, server: ChatServer, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(UserError) as error:
        ask_all(
            lambda place: {"model": "m", "messages": []},
            1,
            Service("http://host.invalid/v1", retries=0),
            tmp_path,
            1,
        )
    assert "s3cret" not in hide(str(error.value))


@pytest.mark.parametrize(
    "entry", [{"files": {"a": {"url": None}}}, {"images": {"url": None}}, {"homepage": None}]
)
def test_an_address_with_a_password_is_refused_unseen(entry: dict, tmp_path: Path) -> None:
    text = yaml.safe_dump(entry).replace("null", "https://me:s3cret@host/x")
    with pytest.raises(
        UserError, match="what is given is not an address without a name or password"
    ) as error:
        check(load() | {"datasets": {"mine": yaml.safe_load(text)}})
    assert "s3cret" not in str(error.value)
