"""Photos out of an archive that nobody has vouched for."""

import filecmp
import gzip
import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm import tqdm

from mnerflow.data.post import IMAGE_SUFFIXES
from mnerflow.errors import UserError
from mnerflow.files import atomic_folder
from mnerflow.log import logger

MAX_BYTES = 64 << 30  # unpacked
MAX_RATIO = 100  # unpacked to packed; photos hardly shrink, a bomb by 1000
FREE_BYTES = 64 << 20  # below this size the ratio does not matter: a few plain drawings shrink, too
DISTRUST = "Do not use this archive; get it from another source."
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of an archive; ``size`` is in bytes, and reading it ends there whatever the data holds."""

    name: str
    size: int
    regular: bool
    open: Callable[[], IO[bytes]]


def unpack(
    archive: str | Path,
    folder: str | Path,
    inner: str | None = None,
    endings: Collection[str] = IMAGE_SUFFIXES,
) -> list[str]:
    """Extract the photos of a zip, tar or tar.gz file into ``folder``; return their names, sorted.

    With ``inner``: those below that folder of the archive, named by their path below it. Without: all of
    them, named without their folders. ``folder`` is replaced as a whole at the end. ``endings`` (``.jpg``)
    say which files are taken.

    Raises ``UserError`` when the archive is missing, none, damaged, encrypted, unpacks to far too much, holds
    links or a path that leaves the folder, has no photo there or two different ones of one name, or when the
    folder cannot be written; ``folder`` is then as it was before.
    """
    archive, folder = Path(archive), Path(folder)
    if not archive.is_file():
        raise UserError(f"{archive}: no such file. Download it again.")
    with atomic_folder(folder) as unfinished:
        try:
            return _extract(archive, unfinished, inner, endings)
        except (*DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # but bz2 says that data are damaged so, too
                raise
            raise UserError(
                f"{archive}: damaged or cut short ({error}). Remove it, and {archive.name}.sha256 beside it, "
                "and download it again."
            ) from error


def _extract(archive: Path, folder: Path, inner: str | None, endings: Collection[str]) -> list[str]:
    allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * archive.stat().st_size))
    names, photo_folders, left_out, unpacked = set(), set(), 0, 0
    for member in tqdm(_members(archive), desc=archive.name, unit=" files", disable=None):
        path = _checked_path(member, archive)
        unpacked += member.size
        if unpacked > allowed:
            raise UserError(
                f"{archive}: unpacks to more than {allowed:,} bytes, as only a zip bomb does. {DISTRUST}"
            )
        hidden = path.name.startswith("._")  # macOS packs such a file beside each photo
        photo = path.suffix.lower() in endings and not hidden
        if photo:
            photo_folders.add(str(path.parent))
        if not photo or (inner and not path.is_relative_to(inner)):
            left_out += 1
            continue
        name = str(path.relative_to(inner) if inner else path.name)
        _write(member, folder / name, archive)
        names.add(name)
    if not names:
        place = f"below {inner!r}" if inner else "in it"
        found = ", ".join(sorted(photo_folders)[:5]) or "no folder of it"
        raise UserError(f"{archive}: no photos {place}. Photos lie in {found}: correct `folder` or the file.")
    logger.info("%s: %d photos taken, %d other files left out", archive, len(names), left_out)
    return sorted(names)


def _members(archive: Path) -> Iterator[_Member]:
    """Every file of the archive in its order, folders left out."""
    try:
        with archive.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise UserError(f"{archive}: cannot be read ({error.strerror}).") from error
    if magic.startswith(b"PK"):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                if info.flag_bits & 1:
                    raise UserError(f"{archive}: encrypted. Pack its photos again without a password.")
                if not info.is_dir():
                    kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the packing system has no kinds
                    regular = kind in (0, stat.S_IFREG)
                    yield _Member(info.filename, info.file_size, regular, partial(packed.open, info))
    elif magic.startswith(b"\x1f\x8b") or tarfile.is_tarfile(archive):
        with tarfile.open(archive) as packed:
            for info in packed:
                if not info.isdir():
                    opened = partial(packed.extractfile, info)
                    yield _Member(info.name, info.size, info.isreg(), opened)
            # tarfile takes a file that stops between two members for a whole one.
            packed.fileobj.seek(packed.offset)
            if packed.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("no end mark")
            while packed.fileobj.read(1 << 20):  # to where gzip compares its checksum
                pass
    else:
        raise UserError(f"{archive}: not a zip, tar or tar.gz file. Remove it and download it again.")


def _checked_path(member: _Member, archive: Path) -> PurePosixPath:
    path = PurePosixPath(member.name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", member.name):
        raise UserError(f"{archive}: {member.name!r} would be written outside its folder. {DISTRUST}")
    if not member.regular:
        raise UserError(f"{archive}: {member.name!r} is a link or a device, not a file. {DISTRUST}")
    return path


def _write(member: _Member, target: Path, archive: Path) -> None:
    twin = target.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_name(f".{target.name}.twin") if twin else target
    with member.open() as source, written.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    if twin:
        if not filecmp.cmp(target, written, shallow=False):
            raise UserError(
                f"{archive}: two different photos are called {target.name}. "
                "Name the `folder` that holds the right one."
            )
        written.unlink()
