"""Files that are either whole or absent: atomic writes, JSON lines, checksums and seals."""

import csv
import errno
import fcntl
import glob
import hashlib
import io
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PureWindowsPath
from threading import Lock
from typing import Any, BinaryIO
from unicodedata import category

from mnerflow.errors import UserError
from mnerflow.finite import finite

FULL = (errno.ENOSPC, errno.EDQUOT)
# Read once: it can only be read by setting it, which threads would do in between each other.
_UMASK = os.umask(0)
os.umask(_UMASK)
# Held until a temporary file is locked, as long as another thread would take it for a dead writer's.
_BEGINNING = Lock()
# What a spreadsheet computes, also after the mark that keeps it from doing so.
COMPUTED = re.compile("'*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]")
MAX_LINE = 2**20  # bytes, of texts that are streamed
BOM = "\ufeff".encode()
CONVERT = "Convert the file to UTF-8, or name one that is text."
JOINED = re.compile("^\ufeff+(?![\\t ])")


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn what the system says when ``path`` cannot be written into a ``UserError``."""
    try:
        yield
    except shutil.Error as error:  # of many files that were copied: the first one's
        raise UserError(f"{path}: could not be written ({error.args[0][0][2]}). {advice(error)}") from error
    except OSError as error:
        raise UserError(
            f"{path}: could not be written ({error.strerror or error}). {advice(error)}"
        ) from error


def advice(error: OSError) -> str:
    """What to do where a file could not be written, by what the system says."""
    match error.errno:
        case number if number in FULL:
            return "Free some space."
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return "Choose a folder that can be written to."
        case errno.ENAMETOOLONG | errno.EILSEQ | errno.EINVAL if error.filename:
            return f"The system takes no such name: {Path(error.filename).name!r}. Choose another."
        case errno.EEXIST | errno.ENOTDIR | errno.EISDIR | errno.ENOTEMPTY:
            return "Something else is in its place: move that away."
        case errno.ENOENT | errno.ESTALE:
            return f"{error.filename or 'A file'} is no longer there. Run again."
        case errno.ENOMEM:
            return "Run fewer jobs at once, or give this one more memory."
        case errno.EMFILE | errno.ENFILE:
            return "Allow more open files (`ulimit -n`)."
    return "Free some space or choose a folder that can be written to."


def check_space(folders: Iterable[str | Path]) -> None:
    """Raise ``UserError`` where a folder's disk, or a share of it, is full."""
    for folder in folders:
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(2**20))
        except OSError as error:
            if error.errno in FULL:
                raise UserError(
                    f"{Path(folder).absolute()}: not a MiB can be written ({error.strerror}). {advice(error)}"
                ) from error


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` and move it there when the block ends well.

    A reader sees the old file or the new one, never half of one; when the block raises,
    the temporary file is removed and ``path`` is left as it was. What killed processes left
    of ``path`` is removed. Raises ``UserError`` when the disk is full or cannot be written to.
    """
    path = Path(path)
    temporary = None
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with _BEGINNING:
                _remove_leftovers(path)
                handle, name = tempfile.mkstemp(
                    dir=path.parent, prefix=f".{path.name}.part-", suffix=path.suffix
                )
                with suppress(OSError):  # some file systems know no locks
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            temporary = Path(name)
            with os.fdopen(handle):
                yield temporary
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
                temporary.chmod(0o666 & ~_UMASK)
                temporary.replace(path)
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove temporary files of ``path`` whose writers are dead: one that lives holds a lock on its own."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.part-*"):
        with suppress(OSError), left.open("r+b") as file:  # NFS locks only what may be written
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


@contextmanager
def atomic_folder(folder: str | Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` and put it in its place, whole, when the block ends well.

    When the block raises, ``folder`` is left as it was. What a killed process left unfinished is removed.
    Raises ``UserError`` when the disk is full or cannot be written to.
    """
    folder = Path(folder)
    unfinished = folder.with_name(f".{folder.name}.part")
    try:
        with writing(folder):
            if unfinished.exists():
                shutil.rmtree(unfinished)
            unfinished.mkdir(parents=True)
            yield unfinished
            if folder.exists():
                shutil.rmtree(folder)
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8 with ``\\n`` line ends, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table as CSV with ``\\n`` line ends; ``None`` is an empty cell.

    A text that a spreadsheet would compute (``=``, ``+``, ``-``, ``@`` first) has ``'`` before it, no number.
    """
    lines: list[str] = []
    table = csv.writer(_Lines(lines), lineterminator="\r\n")  # so that a cell with \r is quoted, too
    table.writerow(columns)
    table.writerows([_inert(cell) for cell in row] for row in rows)
    return "".join(line.removesuffix("\r\n") + "\n" for line in lines)


def csv_rows(text: str) -> Iterator[list[str]]:
    """The rows of what ``csv_text`` wrote, the columns first; raises ``csv.Error`` for what is no CSV."""
    for row in csv.reader(io.StringIO(text, newline="")):
        yield [cell[1:] if cell.startswith("'") and COMPUTED.match(cell) else cell for cell in row]


class _Lines:
    """What ``csv.writer`` writes to: a list of lines."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def _inert(cell: Any) -> Any:
    if not isinstance(cell, str) or not COMPUTED.match(cell):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; raises ``ValueError`` for NaN and infinity."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path, remedy: str = "") -> Any:
    """Read a JSON file; raises ``UserError`` as ``reading`` does, also for what is no JSON."""
    try:
        return parse_json(read_text(path, remedy))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}). {remedy or 'Mend the file.'}") from error


def parse_json(text: str) -> Any:
    """Read JSON; raises ``ValueError`` also for NaN and infinity, which it does not know, and for a key that
    stands twice, of which Python takes the last.
    """
    return _DECODER.decode(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {key[:40]!r} stands twice")
    return found


# `json.loads` would make one for every line.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=finite, parse_constant=finite)


def write_json_lines(path: str | Path, records: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, atomically."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def read_json_lines(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield ``(line number, object)``; raises ``UserError`` naming file and line."""
    for number, line in read_lines(path):
        if line.strip():
            yield number, json_object(line, f"{path}:{number}")


def json_object(line: str, place: str) -> dict[str, Any]:
    """Read one JSON object; raises ``UserError`` naming ``place``, its file and line."""
    try:
        record = parse_json(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: not valid JSON ({error}). Write one JSON object a line.") from error
    if not isinstance(record, dict):
        raise UserError(
            f"{place}: a JSON object is expected, not {type(record).__name__}. Write one JSON object a line."
        )
    return record


@contextmanager
def reading(path: str | Path, remedy: str = "") -> Iterator[None]:
    """Turn what the system says when ``path`` cannot be read into a ``UserError``.

    ``remedy`` is a sentence that says how to get a file which no person wrote or named.
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
    """Read a file; raises ``UserError`` as ``reading`` does, also for a pipe, which may never end."""
    with reading(path, remedy):
        _see_file(path)
        return Path(path).read_bytes()


def _see_file(path: str | Path) -> None:
    kind = stat.S_IFMT(Path(path).stat().st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFDIR):  # of a folder, reading says so
        raise UserError(f"{path}: a pipe or a device, not a file. Name a file.")


def read_text(path: str | Path, remedy: str = "") -> str:
    """Read UTF-8 text, a leading byte order mark removed, ``\\r\\n`` read as ``\\n``.

    Raises ``UserError`` as ``reading`` does, also for what is not UTF-8.
    """
    return read_exact_text(path, remedy).removeprefix("\ufeff").replace("\r\n", "\n")


def read_exact_text(path: str | Path, remedy: str = "") -> str:
    """As ``read_text``, the mark and all line ends as they stand, for places that count them."""
    data = read_bytes(path, remedy)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: {_not_utf8(error)} {remedy or CONVERT}") from error


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield ``(line number, line)`` of UTF-8 text; raises ``UserError`` as ``read_text`` does.

    One line is in memory at a time. Lines end at ``\\n`` alone: tweets contain U+2028 and U+0085, which are
    text. A byte order mark at the beginning of any line is left out: there the files begin that were joined.
    One that is a column is text.
    """
    with reading(path):
        _see_file(path)
        with Path(path).open("rb") as file:
            if file.read(len(BOM)) != BOM:
                file.seek(0)
            yield from stream_lines(file, path, max_bytes=sys.maxsize)


def stream_lines(file: BinaryIO, name: str | Path, max_bytes: int = MAX_LINE) -> Iterator[tuple[int, str]]:
    """As ``read_lines``, of an open file whose end need not be near.

    Raises ``UserError`` also for a line of more than ``max_bytes`` bytes.
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


def expanded(path: str) -> Path:
    """A path with ``~`` read as a home folder; raises ``UserError`` where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UserError(f"{path}: there is no such user. Write the whole path.") from error


def inside(folder: str | Path, name: str) -> Path:
    """``folder/name``, for a ``name`` that data, a configuration, an archive or a server gave.

    Raises ``UserError`` when it names no file below ``folder`` on this or another system: ``..``, an absolute
    path, a drive, nothing at all, or a control character. A link that lies in ``folder`` is not looked at.
    """
    # A Windows path also splits at "/", so that both kinds of absolute and relative paths are caught.
    path = PureWindowsPath(name)
    if path.anchor or ".." in path.parts:
        raise UserError(f"{name!r} lies outside its folder. Name it by its path relative to that folder.")
    if not path.name or not _encodes(name) or any(category(character) == "Cc" for character in name):
        raise UserError(f"{name!r} is no file name. Name a file in its folder, without control characters.")
    return Path(folder, name)


def _encodes(name: str) -> bool:
    try:
        return bool(os.fsencode(name))
    except UnicodeEncodeError:
        return False


def sha256(path: str | Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def each_file_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in no order; what may not be looked at is left out."""
    for path in folder.rglob("*"):
        with suppress(OSError):
            if path.is_file():
                yield path


def files_below(folder: Path) -> list[Path]:
    """As ``each_file_below``, sorted."""
    return sorted(each_file_below(folder))


def folder_state(folder: Path) -> str:
    """Hash of names, sizes and times of all files below a folder, hidden ones left out.

    A directory's own time does not tell that a file in it was written anew, or lies deeper.
    """
    seen = []
    for file in files_below(folder):
        name = file.relative_to(folder)
        if not any(part.startswith(".") for part in name.parts):
            status = file.stat()
            seen.append((str(name), status.st_size, status.st_mtime_ns))
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def seal(path: str | Path) -> None:
    """Append to a file the SHA-256 of its bytes; readers of zip archives and ``.npy`` do not mind it."""
    with Path(path).open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
        file.seek(0, os.SEEK_END)
        file.write(digest)


def sealed(path: str | Path) -> bool:
    """Whether a file is still as ``seal`` left it; raises ``OSError`` when it cannot be read."""
    digest = hashlib.sha256()
    left = Path(path).stat().st_size - digest.digest_size
    with Path(path).open("rb") as file:
        while left > 0 and (block := file.read(min(left, 2**20))):
            digest.update(block)
            left -= len(block)
        return left == 0 and file.read() == digest.digest()


def seal_of(path: str | Path) -> bytes:
    """What ``seal`` appended to a file, the SHA-256 of what stands before it."""
    with Path(path).open("rb") as file:
        file.seek(-hashlib.sha256().digest_size, os.SEEK_END)
        return file.read()
