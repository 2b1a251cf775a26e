"""Text and bytes of files, with errors for a person."""

import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mnerflow.errors import UserError

MAX_LINE = 2**20  # bytes per line of streamed text
BOM = "\ufeff".encode()
CONVERT = "Convert the file to UTF-8, or name one that is text."
JOINED = re.compile("^\ufeff+(?![\\t ])")


@contextmanager
def reading(path: str | Path, remedy: str = "") -> Iterator[None]:
    """Turn a system error in reading ``path`` into a ``UserError``.

    ``remedy`` is a sentence that says how to obtain a file that no person wrote or named.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"{path}: no such file. {remedy or 'Put it there, or correct the path.'}") from error
    except IsADirectoryError as error:
        raise UserError(f"{path}: a folder, not a file. {remedy or 'Name a file.'}") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        said = error.strerror if isinstance(error, OSError) else error
        raise UserError(
            f"{path}: cannot be read ({said}). {remedy or 'Name one that can be read.'}"
        ) from error


def read_bytes(path: str | Path, remedy: str = "") -> bytes:
    """Read a file; raises ``UserError`` as ``reading`` does, and for a pipe, which may never end."""
    with reading(path, remedy):
        _see_file(path)
        return Path(path).read_bytes()


def _see_file(path: str | Path) -> None:
    kind = stat.S_IFMT(Path(path).stat().st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFDIR):  # for a folder, reading reports it
        raise UserError(f"{path}: a pipe or a device, not a file. Name a file.")


def read_text(path: str | Path, remedy: str = "") -> str:
    """Read UTF-8 text, with a leading byte order mark removed and ``\\r\\n`` read as ``\\n``.

    Raises ``UserError`` as ``reading`` does, and for anything that is not UTF-8.
    """
    return read_exact_text(path, remedy).removeprefix("\ufeff").replace("\r\n", "\n")


def read_exact_text(path: str | Path, remedy: str = "") -> str:
    """Read UTF-8 text unchanged, with its byte order mark and line ends, for offsets that count them.

    Raises ``UserError`` as ``read_text`` does.
    """
    data = read_bytes(path, remedy)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: {_not_utf8(error)} {remedy or CONVERT}") from error


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield ``(line number, line)`` of UTF-8 text; raises ``UserError`` as ``read_text`` does.

    Only one line is in memory at a time. Lines end only at ``\\n``, because tweets contain U+2028 and U+0085
    as text. A byte order mark at the beginning of any line is removed, because concatenated files have one at
    each seam. A mark that is a column of its own is text.
    """
    with reading(path):
        _see_file(path)
        with Path(path).open("rb") as file:
            if file.read(len(BOM)) != BOM:
                file.seek(0)
            yield from stream_lines(file, path, max_bytes=sys.maxsize)


def stream_lines(file: BinaryIO, name: str | Path, max_bytes: int = MAX_LINE) -> Iterator[tuple[int, str]]:
    """Yield lines of an open file, as ``read_lines`` does, even if its end is far.

    Also raises ``UserError`` for a line of more than ``max_bytes`` bytes.
    """
    number = 0
    while data := file.readline(min(max_bytes + 1, sys.maxsize)):
        number += 1
        if len(data) > max_bytes:
            raise UserError(f"{name}:{number}: a line of more than {max_bytes:,} bytes. Divide it.")
        try:
            line = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"{name}:{number}: {_not_utf8(error)} {CONVERT}") from error
        yield number, JOINED.sub("", line.removesuffix("\n").removesuffix("\r"))


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"byte 0x{error.object[error.start]:02x} is not UTF-8."
