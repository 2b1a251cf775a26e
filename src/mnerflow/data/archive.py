"""Extraction of photos from an untrusted archive."""

import filecmp
import gzip
import lzma
import os
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from tqdm import tqdm

from mnerflow.data.post import IMAGE_SUFFIXES
from mnerflow.errors import UserError, quantity
from mnerflow.files.paths import inside
from mnerflow.files.reading import reading
from mnerflow.files.writing import atomic_folder
from mnerflow.log import logger

MAX_BYTES = 64 << 30  # unpacked size
MAX_RATIO = 100  # of unpacked to packed size; photos barely compress, a bomb by a factor of 1000
FREE_BYTES = 64 << 20  # up to this size the ratio does not matter: a few plain drawings also compress well
MAX_MEMBERS = 1 << 20
MAX_HEADER = 1 << 20  # bytes of a member's metadata, which tarfile reads into memory
MAX_NAME = 255  # bytes that file systems accept in a file name
DISTRUST = "Do not use this archive; get it from another source."
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    RecursionError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of an archive; reading it ends at its declared size, even if there is more data."""

    name: str
    regular: bool
    open: Callable[[], IO[bytes]]


class TooMuch(Exception):
    """An archive that unpacks to more than any archive of photos would."""


@contextmanager
def refusing_bombs(archive: Path, remedy: str) -> Iterator[None]:
    """Raise ``UserError`` with this ``remedy`` for ``TooMuch``."""
    try:
        yield
    except TooMuch as error:
        raise UserError(f"{archive}: {error}, as only a bomb does. {remedy}") from error


class Header(tarfile.TarInfo):
    """A member of a tar file; the size of its metadata is checked before it is read."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "Header":
        """Parse a header like the base class; raises ``TooMuch`` for longer metadata than any tool writes."""
        header = super().frombuf(buf, encoding, errors)
        if header.type not in tarfile.REGULAR_TYPES and not 0 <= header.size <= MAX_HEADER:
            raise TooMuch(f"has a header of {header.size:,} bytes")
        return header


def unpack(
    archive: str | Path,
    folder: str | Path,
    inner: str | None = None,
    endings: Collection[str] = IMAGE_SUFFIXES,
) -> list[str]:
    """Extract the photos of a zip, tar or tar.gz file into ``folder``; return their sorted names.

    With ``inner``, only photos below that folder of the archive are extracted, named by their path below it.
    Without ``inner``, all photos are extracted, named without their folders. ``endings`` are the suffixes of
    the files to extract, such as ``.jpg``. ``folder`` is replaced as a whole at the end.

    Raises ``UserError`` when the archive is missing, is not an archive, is damaged or encrypted, unpacks to
    far too much, contains links or a path that leaves the folder, has no photo there, or has two different
    photos of the same name; and when the folder cannot be written. ``folder`` is then unchanged.
    """
    archive, folder = Path(archive), Path(folder)
    if not archive.is_file():
        raise UserError(f"{archive}: no such file. Download it again.")
    with atomic_folder(folder) as unfinished, refusing_bombs(archive, DISTRUST):
        try:
            return _extract(archive, unfinished, inner, endings)
        except (*DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # without a number, bz2 reports damaged data
                raise
            raise UserError(
                f"{archive}: damaged or cut short ({error}). Remove it, and {archive.name}.sha256 beside it, "
                "and download it again."
            ) from error


def _extract(archive: Path, folder: Path, inner: str | None, endings: Collection[str]) -> list[str]:
    names, photo_folders, left_out = set(), set(), 0
    for member in tqdm(_members(archive), desc=archive.name, unit=" files", disable=None):
        path = PurePosixPath(member.name.replace("\\", "/"))
        if not member.regular:
            raise UserError(f"{archive}: {member.name!r} is a link or a device, not a file. {DISTRUST}")
        hidden = path.name.startswith("._")  # macOS adds such a file for each photo
        photo = path.suffix.lower() in endings and not hidden
        if photo:
            _check_name(path, archive)
            photo_folders.add(str(path.parent))
        if not photo or (inner and not path.is_relative_to(inner)):
            left_out += 1
            continue
        name = str(path.relative_to(inner) if inner else path.name)
        try:
            _write(member, folder / name, archive)
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            raise UserError(f"{archive}: {member.name!r} is a file and a folder. {DISTRUST}") from error
        names.add(name)
    if not names:
        place = f"below {inner!r}" if inner else "in it"
        found = ", ".join(sorted(photo_folders)[:5]) or "no folder of it"
        raise UserError(f"{archive}: no photos {place}. Photos lie in {found}: correct `folder` or the file.")
    logger.info("%s: photos taken: %d, other files left out: %d", archive, len(names), left_out)
    return sorted(names)


def _members(archive: Path) -> Iterator[_Member]:
    """Yield every file of the archive in order, without folders; raises ``TooMuch`` for a bomb."""
    with reading(archive, "Download it again."), archive.open("rb") as file:
        magic = file.read(4)
    allowed = most_bytes(archive.stat().st_size)
    if magic.startswith(b"PK"):
        with zipfile.ZipFile(archive) as packed:
            unpacked = 0
            for count, info in enumerate(packed.infolist()):
                unpacked += info.file_size
                bound(unpacked, allowed, count)
                if info.flag_bits & 1:
                    raise UserError(f"{archive}: encrypted. Pack its photos again without a password.")
                if not info.is_dir():
                    kind = stat.S_IFMT(info.external_attr >> 16)  # 0 if the packing system stores no type
                    yield _Member(info.filename, kind in (0, stat.S_IFREG), partial(packed.open, info))
    elif magic.startswith(b"\x1f\x8b") or _is_tar(archive):
        with tarfile.open(archive, tarinfo=Header) as tar:
            for count, header in enumerate(tar):
                bound(header.size, allowed, count)
                bound(tar.offset, allowed)
                forget_members(tar)
                if not header.isdir():
                    regular = header.isreg() and not header.issparse()  # a sparse file's zeros are not stored
                    content = cast(Callable[[], IO[bytes]], partial(tar.extractfile, header))
                    yield _Member(header.name, regular, content)
            # tarfile accepts a file that is cut off between two members, so check for the end mark.
            stream = cast(IO[bytes], tar.fileobj)
            stream.seek(tar.offset)
            if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("no end mark")
            while stream.read(1 << 20):  # to the end, where gzip verifies its checksum
                bound(stream.tell(), allowed)
    else:
        raise UserError(f"{archive}: not a zip, tar or tar.gz file. Remove it and download it again.")


def _is_tar(archive: Path) -> bool:
    try:
        with tarfile.open(archive, tarinfo=Header):
            return True
    except tarfile.ReadError:
        return False


def most_bytes(packed: int) -> int:
    """The number of bytes that a file of ``packed`` bytes may unpack to."""
    return min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * packed))


def forget_members(tar: tarfile.TarFile) -> None:
    """Drop the headers read so far; tarfile would otherwise keep all of them in memory."""
    tar.members.clear()  # type: ignore[attr-defined]  # undocumented


def bound(unpacked: int, allowed: int, count: int = 0) -> None:
    """Raise ``TooMuch`` for more bytes than allowed, or for too many files."""
    if unpacked > allowed:
        raise TooMuch(f"unpacks to more than {allowed:,} bytes")
    if unpacked < 0 or count >= MAX_MEMBERS:
        raise TooMuch(f"holds {quantity(count, 'file')} of {quantity(unpacked, 'byte')}")


def _check_name(path: PurePosixPath, archive: Path) -> None:
    try:
        inside("images", str(path))
    except UserError as error:
        raise UserError(f"{archive}: the photo {error} {DISTRUST}") from error
    if max(len(os.fsencode(part)) for part in path.parts) > MAX_NAME:
        raise UserError(
            f"{archive}: the photo '{str(path)[:60]}…' has a name of more than {MAX_NAME} bytes. Give it a "
            "shorter one, in the posts, too."
        )


def _write(member: _Member, target: Path, archive: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(target)
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
