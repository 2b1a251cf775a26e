"""PONER's own files: from the repository's archive, or linked from a mirror."""

from pathlib import Path
from typing import Any

from mnerflow.data.archive import unpack
from mnerflow.data.download import fetch
from mnerflow.errors import UserError
from mnerflow.files.writing import atomic_folder

ENDINGS = (".conll", ".json", ".jpg", ".txt", ".xml")


def fetch_source(entry: dict[str, Any], folder: Path, archive: Path, mirrored: Path | None = None) -> None:
    """Put texts, annotations and scans into ``folder``.

    Args:
        entry: ``url``, ``sha256`` and inner ``folder`` of the archive.
        folder: where the files are put.
        archive: where the archive is downloaded to.
        mirrored: a mirror's folder with the same files, which are linked instead of downloaded.

    Raises:
        UserError: as ``fetch`` and ``unpack`` do, and when the mirror has no such folder.
    """
    if mirrored is None:
        fetch(entry["url"], archive, entry.get("sha256"))
        unpack(archive, folder, entry["folder"], ENDINGS)
        return
    if not mirrored.is_dir():
        raise UserError(
            f"{mirrored}: the mirror has no such folder. Put the folder {entry['folder']} of {entry['url']} "
            "there, or run without `mirror`."
        )
    with atomic_folder(folder) as unfinished:
        for part in mirrored.iterdir():
            (unfinished / part.name).symlink_to(part.resolve())
