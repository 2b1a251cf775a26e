"""A chat API on the loopback interface that answers well, or misbehaves as it is told to."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKENS = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


class ChatServer(ThreadingHTTPServer):
    """Answers with what ``answer`` makes of a request's body.

    Each item of ``next`` is done for one request instead. ``asked`` lists the bodies of all requests,
    ``keys`` are their keys, and ``most_at_once`` is the largest number of requests that were under way at
    once.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.next: deque[Callable[[_Handler], None]] = deque()
        self.answer: Callable[[dict[str, Any]], str] = calls_the_first_word
        self.delay = 0.0
        self.lock = threading.Lock()
        self.under_way = self.most_at_once = 0


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        server = self.server
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.asked.append(self.body)
            server.keys.add(self.headers["Authorization"])
            server.under_way += 1
            server.most_at_once = max(server.most_at_once, server.under_way)
            misbehave = server.next.popleft() if server.next else None
        time.sleep(server.delay)
        content = None if misbehave else server.answer(self.body)
        with server.lock:
            server.under_way -= 1  # before the reply, after which the next request may come
        with suppress(BrokenPipeError, ConnectionResetError):  # the client had waited long enough
            if misbehave:
                misbehave(self)
            else:
                self.say(content)

    def say(self, content: str | None, finish_reason: str = "stop") -> None:
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": finish_reason}
        self.reply(200, completion([choice]))

    def reply(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        given = {"Content-Type": "application/json", "Content-Length": str(len(data))} | (headers or {})
        for name, text in given.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)


def completion(choices: list[dict]) -> dict[str, Any]:
    about = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
    return about | {"choices": choices, "usage": TOKENS}


def text_asked(body: dict[str, Any]) -> str:
    """The post that a request asks about."""
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else content[0]["text"]
    return text.rpartition("Text: ")[2]


def calls_the_first_word(body: dict[str, Any]) -> str:
    """Answer that the first word of the question is a person."""
    return json.dumps({"entities": [{"text": text_asked(body).split()[0], "type": "PER"}]})


def says(content: str | None, finish_reason: str = "stop") -> Callable[[_Handler], None]:
    return lambda handler: handler.say(content, finish_reason)


def fails(status: int, error: dict[str, Any] | None = None, **headers: str) -> Callable[[_Handler], None]:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda handler: handler.reply(status, {"error": error or {"message": "no"}}, given)


def is_slow(handler: _Handler) -> None:
    """Send no reply until the client hangs up."""
    handler.rfile.read(1)


def breaks_off(handler: _Handler) -> None:
    """Send a reply that is shorter than announced."""
    handler.reply(200, b'{"id": "1", "choi', {"Content-Length": "500"})
    handler.close_connection = True


def says_half(handler: _Handler) -> None:
    """Send a reply of the right length whose JSON ends in the middle."""
    handler.reply(200, b'{"id": "1", "object": "chat.completion", "choi')


def says_nothing(handler: _Handler) -> None:
    handler.reply(200, completion([]))


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """A server that runs until the block ends."""
    server = ChatServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
