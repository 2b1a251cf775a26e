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
# Read only once: reading the umask means setting it, and threads would interfere with each other.
_UMASK = os.umask(0)
os.umask(_UMASK)
# Held until a temporary file is locked; before that, another thread would take it for a dead writer's.
_BEGINNING = Lock()
# Text that a spreadsheet would compute, also after the mark that keeps it from doing so.
COMPUTED = re.compile("'*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]")
MAX_LINE = 2**20  # bytes per line of streamed text
BOM = "\ufeff".encode()
CONVERT = "Convert the file to UTF-8, or name one that is text."
JOINED = re.compile("^\ufeff+(?![\\t ])")


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn a system error in writing ``path`` into a ``UserError``."""
    try:
        yield
    except shutil.Error as error:  # of many files that were copied: the first one's
        raise UserError(f"{path}: could not be written ({error.args[0][0][2]}). {advice(error)}") from error
    except OSError as error:
        raise UserError(
            f"{path}: could not be written ({error.strerror or error}). {advice(error)}"
        ) from error


def advice(error: OSError) -> str:
    """Advice for a file that could not be written, according to the system's error."""
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
    """Raise ``UserError`` if the disk of a folder, or its quota, is full."""
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
    """Yield a temporary path beside ``path`` and move it there if the block succeeds.

    A reader sees the old file or the new one, never a part of either. If the block raises, the temporary file
    is removed and ``path`` is left as it was. Leftovers of killed processes for ``path`` are removed. A link
    stays, and the file that it names is written. A pipe or a device stays too: it is yielded itself. Raises
    ``UserError`` if the disk is full or not writable.
    """
    path = Path(path)
    temporary = None
    try:
        with writing(path):
            if path.exists() and not path.is_file() and not path.is_dir():
                yield path
                return
            path = Path(os.path.realpath(path)) if path.is_symlink() else path
            path.parent.mkdir(parents=True, exist_ok=True)
            with _BEGINNING:
                _remove_leftovers(path)
                handle, name = tempfile.mkstemp(
                    dir=path.parent, prefix=f".{path.name}.part-", suffix=path.suffix
                )
                with suppress(OSError):  # some file systems have no locks
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
    """Remove temporary files of ``path`` whose writers are dead; a living writer holds a lock on its file."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.part-*"):
        with suppress(OSError), left.open("r+b") as file:  # NFS locks only writable files
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


@contextmanager
def atomic_folder(folder: str | Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` and move it there, complete, if the block succeeds.

    If the block raises, ``folder`` is left as it was. Leftovers of a killed process are removed. Raises
    ``UserError`` if the disk is full or not writable.
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
    """Format a table as CSV with ``\\n`` line ends; ``None`` becomes an empty cell.

    A text that a spreadsheet would compute, because it begins with ``=``, ``+``, ``-`` or ``@``, gets ``'``
    in front. Numbers do not.
    """
    lines: list[str] = []
    table = csv.writer(_Lines(lines), lineterminator="\r\n")  # so that a cell with \r is also quoted
    table.writerow(columns)
    table.writerows([_inert(cell) for cell in row] for row in rows)
    return "".join(line.removesuffix("\r\n") + "\n" for line in lines)


def csv_rows(text: str) -> Iterator[list[str]]:
    """Parse what ``csv_text`` wrote, header first; raises ``csv.Error`` for invalid CSV."""
    for row in csv.reader(io.StringIO(text, newline="")):
        yield [cell[1:] if cell.startswith("'") and COMPUTED.match(cell) else cell for cell in row]


class _Lines:
    """A file-like object for ``csv.writer`` that collects lines in a list."""

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
    """Read a JSON file; raises ``UserError`` as ``reading`` does, and for invalid JSON."""
    try:
        return parse_json(read_text(path, remedy))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}). {remedy or 'Mend the file.'}") from error


def parse_json(text: str) -> Any:
    """Parse JSON strictly.

    Raises ``ValueError`` for invalid JSON, and for two things that Python accepts: NaN and infinity, which
    are no JSON, and repeated keys, of which Python keeps the last.
    """
    return _DECODER.decode(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {key[:40]!r} stands twice")
    return found


# Built once: `json.loads` would build a decoder for every line.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=finite, parse_constant=finite)


def write_json_lines(path: str | Path, records: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object per line, atomically."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def read_json_lines(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield ``(line number, object)``; raises ``UserError`` naming the file and line."""
    for number, line in read_lines(path):
        if line.strip():
            yield number, json_object(line, f"{path}:{number}")


def json_object(line: str, place: str) -> dict[str, Any]:
    """Parse one JSON object; raises ``UserError`` naming ``place``, its file and line."""
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


def expanded(path: str) -> Path:
    """Expand ``~`` in a path to a home folder; raises ``UserError`` if there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UserError(f"{path}: there is no such user. Write the whole path.") from error


def inside(folder: str | Path, name: str) -> Path:
    """Return ``folder/name``, for a ``name`` from data, a configuration, an archive or a server.

    Raises ``UserError`` if it names no file below ``folder`` on this or another system: ``..``, an absolute
    path, a drive, nothing at all, or a control character. Links in ``folder`` are not checked.
    """
    # A Windows path also splits at "/", so this covers absolute and relative paths of both kinds.
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
    """SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def each_file_below(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder, in no particular order; inaccessible ones are left out.

    A link to a folder is followed, but no folder is entered twice, since links may form a circle.
    """
    entered = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders.sort()  # of two links to one folder, always the same one counts
        for name in names:
            path = Path(place, name)
            with suppress(OSError):
                if path.is_file():
                    yield path


def files_below(folder: Path) -> list[Path]:
    """List every file below a folder, sorted; inaccessible ones are left out."""
    return sorted(each_file_below(folder))


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
