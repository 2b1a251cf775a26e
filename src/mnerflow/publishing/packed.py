"""The file of a published run's predictions: JSON lines, compressed, without the posts' words."""

import json
import lzma
from pathlib import Path
from typing import Any

from mnerflow.data.archive import bound, refusing_bombs
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import PREDICTIONS, Prediction, Predictions, as_predictions
from mnerflow.files.json_text import json_object
from mnerflow.files.writing import atomic_path

PACKED = f"{PREDICTIONS}.xz"
MAX_BYTES = 1 << 28  # unpacked; the predictions of 100,000 posts under three conditions take a fifth of it


def write_packed(path: Path, predictions: Predictions) -> None:
    """Write predictions without their words, atomically. A file that contains them already stays as it is."""
    lines = []
    for (split, condition), posts in predictions.items():
        for prediction in posts:
            record = {"split": split, "condition": condition} | prediction.record()
            del record["tokens"]
            lines.append(json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n")
    text = "".join(lines)
    if not _contains(path, text):
        with atomic_path(path) as temporary:
            temporary.write_bytes(pack(text.encode()))


def read_packed(path: Path) -> dict[tuple[str, str], list[Prediction]]:
    """Read what ``write_packed`` wrote, with empty words.

    Raises ``UserError`` as ``unpacked`` and ``as_predictions`` do.
    """
    lines = enumerate(unpacked(path).split("\n"), start=1)
    records = ((number, json_object(line, f"{path}:{number}")) for number, line in lines if line)
    return as_predictions(
        path, ((number, {"tokens": _empty_words(record)} | record) for number, record in records)
    )


def pack(lines: bytes) -> bytes:
    """Compress the lines of a published run's predictions."""
    return lzma.compress(lines, preset=9)


def unpacked(path: Path) -> str:
    """The text of a packed file; raises ``UserError`` if it is damaged or larger than ``MAX_BYTES``."""
    try:
        with lzma.open(path) as packed:
            data = packed.read(MAX_BYTES + 1)
        with refusing_bombs(path, "Do not use it."):
            bound(len(data), MAX_BYTES)
        return data.decode()
    except (lzma.LZMAError, EOFError, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: damaged ({error}). Fetch it again.") from error


def _contains(path: Path, text: str) -> bool:
    try:
        return path.exists() and unpacked(path) == text
    except UserError:  # damaged
        return False


def _empty_words(record: dict[str, Any]) -> list[str]:
    labels = record.get("labels")
    return [""] * len(labels) if isinstance(labels, list) else []
