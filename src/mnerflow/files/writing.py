"""Files that are either whole or absent: atomic writes."""

import errno
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from mnerflow.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT)
# Read only once: reading the umask means setting it, and threads would interfere with each other.
_UMASK = os.umask(0)
os.umask(_UMASK)
# Held until a temporary file is locked; before that, another thread would take it for a dead writer's.
_BEGINNING = Lock()


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
