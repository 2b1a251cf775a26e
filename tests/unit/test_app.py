"""The server of ``mnerflow app``: what it answers, what it refuses, and that a crowd does not break it."""

import asyncio
import base64
import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from fastapi.testclient import TestClient
from PIL import Image
from test_export import train
from tiny_run import RUN

from mnerflow.app import addresses
from mnerflow.app.addresses import Refused, fetch_public, public_ip
from mnerflow.app.server import MOST_BYTES, create_app
from mnerflow.app.worker import Busy, Worker
from mnerflow.config import PartConfig
from mnerflow.prediction.predictor import Predictor

CROWD = 50
SCORE = re.compile(r"\d+\.\d+")


def picture(size: int = 16) -> str:
    data = io.BytesIO()
    Image.new("RGB", (size, size), "red").save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tiny run that sees images and says how much it lets in."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("app"))
    try:
        gated = PartConfig("gated", {"d_model": 8, "heads": 2})
        yield train(replace(RUN, fusion=gated), images=True).absolute()
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def predictor(run: Path) -> Predictor:
    return Predictor(run)


@pytest.fixture(scope="module")
def client(predictor: Predictor) -> Iterator[TestClient]:
    with TestClient(create_app({"gated": predictor}), base_url="http://localhost") as client:
        yield client


def test_it_finds_what_the_run_does_with_and_without_the_image(client: TestClient, predictor: Predictor):
    text = "we met Ann 👍 in Rome"
    lines = f"data:image/png;base64,{picture()[:9]}\n{picture()[9:]}"
    given = {"text": text, "images": [lines], "conditions": ["true", "blank"]}
    true, blank = client.post("/predict", json=given).json()["runs"]["gated"]
    Path("red.png").write_bytes(base64.b64decode(picture()))
    assert true["entities"] == predictor(text, images=["red.png"])
    assert blank["entities"] == predictor(text)
    assert [word["word"] for word in true["words"]] == ["we", "met", "Ann", "👍", "in", "Rome"]
    assert {word["word"]: text[word["start"] : word["end"]] for word in true["words"]}["Rome"] == "Rome"
    assert all(0 <= word["image_weight"] <= 1 and 0 <= word["score"] <= 1 for word in true["words"])
    assert {word["image_weight"] for word in blank["words"]} == {0}
    assert client.get("/about").json() == {"runs": {"gated": ["image"]}, "allow_urls": False}
    assert "/predict" in client.get("/openapi.json").json()["paths"]
    assert "frame-ancestors 'none'" in client.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("post", "status", "said"),
    [
        ({}, 422, "Field required"),
        ({"text": "a" * 10_001}, 422, "at most 10000 characters"),
        ({"text": "Ann", "image": "x"}, 422, "Extra inputs are not permitted"),
        ({"text": "Ann", "conditions": ["image.blank"]}, 422, "Input should be 'true' or 'blank'"),
        ({"text": "Ann", "images": ["/etc/passwd"]}, 422, "image 1: not base64"),
        ({"text": "Ann", "images": ["file:///etc/passwd"]}, 422, "image 1: not base64"),
        ({"text": "Ann", "images": ["Zm9vé"]}, 422, "image 1: not base64"),
        ({"text": "Ann", "images": [picture(), "Zm9v"]}, 422, "image 2: not an image"),
        ({"text": "Ann", "images": [""]}, 422, "image 1: empty"),
        ({"text": "Ann", "images": [picture()] * 5}, 422, "at most 4 items"),
        ({"text": "Ann", "images": ["http://localhost/a.png"]}, 422, "start the server with --allow-urls"),
        ({"text": "Ann", "images": ["a" * MOST_BYTES]}, 413, "larger than 8 MiB"),
    ],
)
def test_what_it_refuses(client: TestClient, post: dict, status: int, said: str):
    answer = client.post("/predict", json=post)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def test_a_picture_with_too_many_pixels_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnerflow.data.image.MAX_PIXELS", 100)
    answer = client.post("/predict", json={"text": "Ann", "images": [picture()]})
    assert answer.status_code == 422 and "image 1: too large" in answer.text


@pytest.mark.parametrize(
    ("host", "name", "status"),
    [
        ("127.0.0.1", "evil.example", 400),
        ("localhost", "evil.example", 400),
        ("127.0.0.2", "evil.example", 400),
        ("::1", "evil.example", 400),
        ("127.0.0.2", "127.0.0.2:80", 200),
        ("::1", "[::1]:80", 200),
        ("127.0.0.1", "localhost", 200),
        ("0.0.0.0", "any.example", 200),
        ("::", "any.example", 200),
    ],
)
def test_on_this_machine_alone_it_answers_only_to_its_names(
    predictor: Predictor, host: str, name: str, status: int
):
    with TestClient(create_app({"gated": predictor}, host=host)) as client:
        assert client.get("/about", headers={"Host": name}).status_code == status


def test_only_its_own_files_are_answered(client: TestClient):
    for path in ("/../server.py", "/%2e%2e/server.py", "/page/../../cli.py", "/run.yaml"):
        assert client.get(path).status_code == 404
    json = {"Content-Type": "application/json"}
    for half in (b'{"text": "\\ud800"}', b'{"text": "Ann", "\\ud800": 1}'):
        assert client.post("/predict", content=half, headers=json).status_code == 422
    sent = client.post("/predict", content=b"text=Ann", headers={"Content-Type": "text/plain"})
    assert sent.status_code == 415  # a form of another page cannot send JSON


def test_a_request_without_a_length_is_cut_off(client: TestClient):
    chunks = (b"a" * 2**20 for _ in range(9))
    assert client.post("/predict", content=chunks).status_code == 413


def test_a_request_that_does_not_arrive_is_given_up(predictor: Predictor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnerflow.app.server.MOST_SECONDS", 0.1)
    app, sent = create_app({"gated": predictor}, host="0.0.0.0"), []

    async def nothing() -> None:
        await asyncio.sleep(60)

    async def keep(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/predict",
        "headers": [(b"content-type", b"application/json")],
    }
    asyncio.run(app(scope, nothing, keep))
    assert sent[0]["status"] == 408 and b"longer than 0.1 s" in sent[1]["body"]


def test_more_than_can_wait_are_told_to_come_again(predictor: Predictor):
    begun, go_on = Event(), Event()

    def stream(texts: list) -> Iterator[object]:
        begun.set()
        go_on.wait(30)
        yield from predictor.stream(texts)

    slow = SimpleNamespace(stream=stream, sources=[])
    worker = Worker([slow], waiting=1)
    first = worker.ask([{"text": "Ann"}])
    begun.wait(30)
    second = worker.ask([{"text": "Ann sings"}])
    with pytest.raises(Busy):
        worker.ask([{"text": "Ann"}])
    go_on.set()
    [[one]], [[two]] = first.result(), second.result()
    assert (len(one.tags[0]), len(two.tags[0])) == (1, 2)
    worker.close()


def test_one_bad_text_does_not_spoil_those_that_wait_with_it(predictor: Predictor):
    begun, go_on = Event(), Event()

    def stream(texts: list) -> Iterator[object]:
        if not begun.is_set():
            begun.set()
            go_on.wait(30)
        yield from predictor.stream(texts)

    worker = Worker([SimpleNamespace(stream=stream, sources=[])])
    first = worker.ask([{"text": "Ann"}])
    begun.wait(30)
    good, bad = worker.ask([{"text": "Ann"}]), worker.ask([{"text": 3}])
    go_on.set()
    assert good.result()[0][0].tags == first.result()[0][0].tags
    with pytest.raises(Exception, match="'text' is to be a string"):
        bad.result()
    worker.close()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fe80::1", "fd00::1",
     "::ffff:127.0.0.1", "0.0.0.0", "224.0.0.1", "100.64.0.1", "2002:7f00:1::"],
)  # fmt: skip
def test_private_addresses_are_not_fetched(host: str):
    with pytest.raises(Refused, match="private network"):
        public_ip(host, 80)
    assert public_ip("8.8.8.8", 80) == "8.8.8.8"


def test_a_misspelt_address_is_refused(tmp_path: Path):
    with pytest.raises(Refused, match="cannot be fetched"):
        fetch_public("http://[", tmp_path / "a")


def test_a_redirect_to_a_private_address_and_a_name_that_changes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A server on loopback, which is let pass for its first name alone."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Host"]))
            if self.path == "/picture?a=1":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"picture")
            else:
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.1:{port}/secret")
                self.end_headers()

        def log_message(self, *said: object) -> None:
            pass

    asked: list = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    port = server.server_address[1]
    Thread(target=server.serve_forever, daemon=True).start()
    looked_up = iter(["127.0.0.1", "127.0.0.1"])  # each name once a request
    real = addresses.socket.getaddrinfo

    def look_up(host: str, *rest: object, **options: object) -> list:
        return real(next(looked_up) if host == "pictures.example" else host, *rest, **options)

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(addresses, "_is_public", lambda address: address == "127.0.0.1" and len(asked) < 2)
    try:
        fetch_public(f"http://pictures.example:{port}/picture?a=1", tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"picture"
        with pytest.raises(Refused, match="private network"):
            fetch_public(f"http://pictures.example:{port}/onward", tmp_path / "b")
    finally:
        server.shutdown()
        server.server_close()
    assert asked == [("/picture?a=1", f"pictures.example:{port}"), ("/onward", f"pictures.example:{port}")]
    assert not (tmp_path / "b").exists()


@contextmanager
def served(*runs: Path, stalled: bool = False) -> Iterator[str]:
    """The address of a real server, which is stopped by its process, twice if requests are ``stalled``."""
    command = [sys.executable, "-m", "mnerflow.cli", "app", *map(str, runs), "--port", "0"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell runs in the background
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found[0]
                break
    finally:
        process.send_signal(signal.SIGINT)
        if stalled:
            assert process.stderr.readline().endswith("Ctrl-C again ends at once\n")
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in said and said.endswith("mnerflow: stopped\n")


def test_a_crowd_is_answered(run: Path):
    given = {"text": "we met Ann in Rome", "images": [picture()], "conditions": ["true", "blank"]}
    with served(run) as address, ThreadPoolExecutor(CROWD) as pool:
        ask = partial(requests.post, f"{address}/predict", json=given, timeout=600)
        answers = [one.result() for one in [pool.submit(ask) for _ in range(4 * CROWD)]]
        assert {answer.status_code for answer in answers} <= {200, 503}
        texts = {answer.text for answer in answers if answer.ok}
        assert len({SCORE.sub("", text) for text in texts}) == 1
        # Requests that are tagged together differ in the last bit, which may be the one that is rounded.
        scores = np.array([[*map(float, SCORE.findall(text))] for text in texts])
        np.testing.assert_allclose(scores, scores[:1].repeat(len(texts), axis=0), atol=2e-4)
        assert all(answer.headers["Retry-After"] == "1" for answer in answers if not answer.ok)
        assert requests.get(f"{address}/about", timeout=600).ok


def test_the_second_interrupt_does_not_wait_for_a_request_that_stalls(run: Path):
    with served(run, stalled=True) as address:
        stalls = socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))
        stalls.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        assert requests.get(f"{address}/about", timeout=60).ok  # by now the other request has begun
