"""Checksums of files and folders, and seals that show a damaged file."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from mnerflow.files.paths import files_below


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_state(folder: Path) -> str:
    """Hash the names, sizes and times of all files below a folder, except hidden ones.

    The time of a folder itself does not reveal that a file in it was rewritten, or added deeper.
    """
    seen = []
    for file in files_below(folder):
        name = file.relative_to(folder)
        if not any(part.startswith(".") for part in name.parts):
            status = file.stat()
            seen.append((str(name), status.st_size, status.st_mtime_ns))
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def content_state(folder: Path, names: Iterable[str]) -> str:
    """Hash the names and the bytes of files in a folder; one that is missing or unreadable counts as such."""
    seen: list[tuple[str, str | None]] = []
    for name in sorted({*names}):
        try:
            seen.append((name, sha256(folder / name)))
        except OSError:
            seen.append((name, None))
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def seal(path: str | Path) -> None:
    """Append to a file the SHA-256 of its bytes; readers of zip archives and ``.npy`` files ignore it."""
    with Path(path).open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
        file.seek(0, os.SEEK_END)
        file.write(digest)


def sealed(path: str | Path) -> bool:
    """Whether a file is unchanged since ``seal``; raises ``OSError`` if it cannot be read."""
    digest = hashlib.sha256()
    left = Path(path).stat().st_size - digest.digest_size
    with Path(path).open("rb") as file:
        while left > 0 and (block := file.read(min(left, 2**20))):
            digest.update(block)
            left -= len(block)
        return left == 0 and file.read() == digest.digest()


def seal_of(path: str | Path) -> bytes:
    """The SHA-256 that ``seal`` appended to a file: that of the bytes before it."""
    with Path(path).open("rb") as file:
        file.seek(-hashlib.sha256().digest_size, os.SEEK_END)
        return file.read()
