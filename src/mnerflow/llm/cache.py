"""Answers of language models on disk, so that no question is paid for twice."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files.json_text import read_json, write_json

Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said (``None`` if nothing), why it stopped, and how many tokens it read and wrote."""

    content: str | None
    finish_reason: str
    input_tokens: int
    output_tokens: int
    cached: bool = False


class Cache:
    """Answers on disk, one JSON file each, named by the sha256 of the address and the request."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self._folder, self._base_url = folder, base_url

    def path(self, request: Request) -> Path:
        """Where the answer to a request is stored, or will be."""
        asked = json.dumps([self._base_url, request], sort_keys=True, ensure_ascii=False)
        name = hashlib.sha256(asked.encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.json"

    def read(self, request: Request) -> Answer | None:
        """The answer to a request; ``None`` if it was not asked yet."""
        path = self.path(request)
        if not path.exists():
            return None
        again = "Delete it, and it is asked for again."
        try:
            return Answer(**read_json(path, again)["answer"], cached=True)
        except (TypeError, KeyError) as error:
            raise UserError(f"{path}: not an answer ({error}). {again}") from error

    def write(self, request: Request, answer: Answer) -> None:
        """Store an answer with its request, in which only the sha256 of each image is kept."""
        said = {name: value for name, value in asdict(answer).items() if name != "cached"}
        record = {"base_url": self._base_url, "request": _without_images(request), "answer": said}
        write_json(self.path(request), record)


def _without_images(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_images(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_images(inner) for inner in value]
    if isinstance(value, str) and value.startswith("data:"):
        return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
    return value
