"""A model hub on the loopback interface, with what an upload needs: repositories, large files, commits."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TOKEN = "hf_maywrite"


class Hub(ThreadingHTTPServer):
    """Stores what is uploaded.

    Attributes:
        private: by repository, whether it is private.
        files: by repository and path, the bytes of each file.
        large: by id, the bytes of each large file.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.private: dict[str, bool] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.large: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        """The URL at which the hub listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/validate-yaml":
            self._say({"errors": [], "warnings": []})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say({"error": "Invalid credentials"}, 401)
        elif self.path == "/api/repos/create":
            self._create(json.loads(body))
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            modes = ["lfs" if one["path"].endswith((".safetensors", ".onnx")) else "regular" for one in files]
            self._say(
                {
                    "files": [
                        {"path": one["path"], "uploadMode": mode, "shouldIgnore": False}
                        for one, mode in zip(files, modes, strict=True)
                    ]
                }
            )
        elif self.path.endswith("/info/lfs/objects/batch"):
            wanted = json.loads(body)["objects"]
            upload = {"upload": {"href": f"{self.server.address}/large"}}
            self._say(
                {
                    "transfer": "basic",
                    "objects": [
                        one | {"actions": {"upload": {"href": f"{upload['upload']['href']}/{one['oid']}"}}}
                        for one in wanted
                    ],
                }
            )
        elif "/commit/" in self.path:
            repository = self.path.removeprefix("/api/models/").partition("/commit/")[0]
            self._commit(repository, [json.loads(line) for line in body.splitlines()])
        else:
            self._say({"error": self.path}, 404)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.large[self.path.rpartition("/")[2]] = body
        self._say({})

    def do_GET(self) -> None:
        self._say({"error": self.path}, 404)

    def _create(self, asked: dict) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.server.private:
            self._say({"error": "You already created this model repo"}, 409)
            return
        self.server.private[name] = asked.get("visibility") == "private" or asked.get("private", False)
        self._say({"url": f"{self.server.address}/{name}", "name": name})

    def _commit(self, repository: str, lines: list[dict]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.server.files[repository, value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.server.files[repository, value["path"]] = self.server.large[value["oid"]]
        self._say({"commitUrl": f"{self.server.address}/{repository}/commit/1", "commitOid": "1"})

    def _say(self, answer: dict, status: int = 200) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        pass


@contextmanager
def hub() -> Iterator[Hub]:
    """A hub that runs until the block ends."""
    server = Hub()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
