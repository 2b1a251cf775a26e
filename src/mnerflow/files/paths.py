"""Paths that stay in their folder, and the files below a folder."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from unicodedata import category

from mnerflow.errors import UserError


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
