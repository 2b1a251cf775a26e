"""Predictions of an earlier version: one file per split and condition, which its lines do not state."""

from pathlib import Path

from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import PREDICTIONS
from mnerflow.files.reading import read_bytes
from mnerflow.publishing.packed import PACKED, pack, unpacked

# In today's order.
NAMES = {
    "predictions.dev.jsonl": ("dev", "true"),
    "predictions.test.jsonl": ("test", "true"),
    "predictions.test.blank.jsonl": ("test", "image.blank"),
    "predictions.test.shuffled.jsonl": ("test", "image.shuffled"),
}


def older_files(folder: Path) -> list[Path]:
    """The older files of predictions in a run's folder, plain or compressed."""
    return [file for name in NAMES for ending in ("", ".xz") if (file := folder / f"{name}{ending}").exists()]


def merged_name(files: list[Path]) -> str:
    """Name of the file into which older files are merged."""
    return PACKED if files[0].suffix == ".xz" else PREDICTIONS


def merged(files: list[Path]) -> bytes:
    """Bytes of the merged file, split and condition first; raises ``UserError`` for a malformed line."""
    packed = merged_name(files) == PACKED
    lines = []
    for file in files:
        split, condition = NAMES[file.name.removesuffix(".xz")]
        start = f'{{"split": "{split}", "condition": "{condition}", '.encode()
        start = start.replace(b" ", b"") if packed else start
        content = unpacked(file).encode() if packed else read_bytes(file)
        for number, line in enumerate(filter(None, content.split(b"\n")), start=1):
            if not line.startswith(b'{"id"'):
                raise UserError(f"{file}:{number}: not a prediction. Remove the run's folder.")
            lines.append(start + line[1:] + b"\n")
    return pack(b"".join(lines)) if packed else b"".join(lines)
