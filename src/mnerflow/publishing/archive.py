"""Pack code, configuration, small results and checksums into one file, and verify such a file."""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast
from urllib.parse import unquote

from mnerflow.data.archive import (
    DAMAGED,
    FREE_BYTES,
    MAX_RATIO,
    Header,
    bound,
    forget_members,
    refusing_bombs,
)
from mnerflow.errors import UserError, quantity
from mnerflow.files.checksums import sha256
from mnerflow.files.json_text import read_json
from mnerflow.files.paths import inside
from mnerflow.files.writing import atomic_path
from mnerflow.plan.study import file_of_study
from mnerflow.publishing.checksums import SUMS, read_sums, sum_of, sums_text

METADATA = "ro-crate-metadata.json"
# The time of every file in an archive, 1980-01-01, so that the same results give the same bytes.
TIME = 315_532_800


def write_archive(study: Path) -> Path:
    """Pack ``ro-crate-metadata.json``, the files that it lists, and ``SHA256SUMS``; returns the archive.

    The archive is ``mnerflow-<commit>.tar.gz`` in ``study``. Raises ``UserError`` as ``recorded`` does.
    """
    sums, commit = recorded(study)
    name = f"mnerflow-{commit}"
    sums[METADATA] = sha256(study / METADATA)
    archive = study / f"{name}.tar.gz"
    with (
        atomic_path(archive) as temporary,
        temporary.open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=TIME) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        _add(tar, f"{name}/{SUMS}", sums_text(sums).encode())
        for path in sorted(sums):
            _add(tar, f"{name}/{path}", (study / path).read_bytes())
    return archive


def recorded(study: Path) -> tuple[dict[str, str], str]:
    """The checksums of all files that ``ro-crate-metadata.json`` lists, and the commit that made them.

    Raises ``UserError`` when there is no such record, or when a file is missing or has changed since.
    """
    crate = file_of_study(study, METADATA)
    again = "Write it anew: `snakemake --forcerun crate`."
    try:
        entities = read_json(crate, again)["@graph"]
        sums = {
            unquote(entity["@id"]): entity["sha256"]
            for entity in entities
            if "File" in entity["@type"] and "sha256" in entity
        }
        version = next(each["version"] for each in entities if "ComputationalWorkflow" in each["@type"])
        [commit] = re.findall(r"^[\w.]+\+([\w-]+)\Z", version)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise UserError(f"{crate}: no record of results. {again}") from error
    if wrong := [name for name, digest in sums.items() if sum_of(inside(study, name)) != digest]:
        raise UserError(
            f"{study / min(wrong)}: missing or changed since {METADATA} was written (so {len(wrong):,} of "
            f"{quantity(len(sums), 'file')}). Make it with `snakemake FILE`, then "
            "`snakemake --forcerun crate`."
        )
    return sums, commit


def verify_archive(archive: Path) -> tuple[int, list[str]]:
    """Read an archive without unpacking it; returns how many files it lists, and what is wrong with them.

    Raises ``UserError`` when it cannot be read to its end, has no ``SHA256SUMS``, or contains what our
    archives never do: links, or paths that lead out of its folder.
    """
    if not archive.is_file():
        what = "a folder" if archive.is_dir() else "no such file"
        raise UserError(f"{archive}: {what}. Name an archive that `make archive` made.")
    found: dict[str, str] = {}
    listed = None
    try:
        allowed = max(FREE_BYTES, MAX_RATIO * archive.stat().st_size)
        with (
            refusing_bombs(archive, "Do not unpack this archive."),
            gzip.open(archive) as packed,
            tarfile.open(fileobj=packed, mode="r:", tarinfo=Header) as tar,
        ):
            for member, content in _members(archive, tar, allowed):
                if member in found:
                    raise UserError(f"{archive}: holds {member!r} twice. Do not unpack this archive.")
                found[member] = hashlib.file_digest(cast(io.BufferedReader, content), "sha256").hexdigest()
                if member == SUMS:
                    content.seek(0)
                    sums = content.read(FREE_BYTES + 1)
                    bound(len(sums), FREE_BYTES)
                    listed = read_sums(archive, sums.decode())
            # gzip compares the checksum at the end only when the end is reached.
            while packed.read(2**20):
                bound(packed.tell(), allowed)
    except (*DAMAGED, OSError) as error:
        raise UserError(
            f"{archive}: damaged, it cannot be read to its end ({error}). Fetch it again."
        ) from error
    if listed is None:
        raise UserError(
            f"{archive}: has no {SUMS}, so nothing can be compared. Name one that `make archive` made."
        )
    del found[SUMS]
    wrong = [f"{name}: missing" for name in listed.keys() - found.keys()]
    wrong += [f"{name}: changed" for name in listed.keys() & found.keys() if listed[name] != found[name]]
    wrong += [f"{name}: not listed in {SUMS}" for name in found.keys() - listed.keys()]
    return len(listed), sorted(wrong)


def _members(archive: Path, tar: tarfile.TarFile, allowed: int) -> Iterator[tuple[str, IO[bytes]]]:
    """The path of every file below the archive's only folder, and its content."""
    folder = None
    for count, member in enumerate(tar):
        bound(member.size, allowed, count)
        bound(tar.offset, allowed)
        forget_members(tar)
        top, _, name = member.name.partition("/")
        folder = folder or top
        path = PurePosixPath(name)
        content = tar.extractfile(member) if member.isreg() else None
        if (
            content is None
            or top != folder
            or {"", ".", ".."} & {top, *path.parts}
            or path.is_absolute()
            or path.as_posix() != name
            or "\\" in name
        ):
            raise UserError(
                f"{archive}: {member.name!r} is no plain file in the folder {folder!r}. "
                "Do not unpack this archive."
            )
        yield name, content


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime = len(content), TIME
    tar.addfile(member, io.BytesIO(content))
