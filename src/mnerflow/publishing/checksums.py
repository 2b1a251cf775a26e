"""``SHA256SUMS``: the checksums of a folder's files, as ``sha256sum --check`` reads them."""

import re
from collections.abc import Mapping
from pathlib import Path

from mnerflow.errors import UserError, quantity
from mnerflow.files.checksums import sha256
from mnerflow.files.reading import read_text

SUMS = "SHA256SUMS"


def sums_text(sums: Mapping[str, str]) -> str:
    """The text of a ``SHA256SUMS`` file, from ``{path: sha256}``."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(sums.items()))


def read_sums(place: Path, text: str) -> dict[str, str]:
    """Parse the text from ``sums_text``; raises ``UserError`` naming ``place`` and the malformed line."""
    sums: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        found = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if not found:
            raise UserError(f"{place}: {SUMS}:{number}: not a sha256, two spaces and a path. Fetch it again.")
        if found[2] in sums:
            raise UserError(f"{place}: {SUMS}:{number}: {found[2]} stands there twice. Fetch it again.")
        sums[found[2]] = found[1]
    return sums


def sum_of(path: Path) -> str | None:
    """The sha256 of a file, ``None`` if it does not exist."""
    return sha256(path) if path.is_file() else None


def sums_below(folder: Path, part: Path) -> dict[str, str]:
    """The checksums of the files below ``part``, by their paths relative to ``folder``."""
    files = (file for file in part.rglob("*") if file.is_file() and file.name != SUMS)
    return {file.relative_to(folder).as_posix(): sha256(file) for file in files}


def check_sums(folder: Path, part: Path) -> None:
    """Raise ``UserError`` if the files below ``part`` are not those that ``SHA256SUMS`` lists there."""
    text = read_text(folder / SUMS, "Name a folder of published results.")
    listed, found = read_sums(folder, text), sums_below(folder, part)
    within = part.relative_to(folder)
    listed = {name: digest for name, digest in listed.items() if Path(name).is_relative_to(within)}
    if wrong := sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name)):
        raise UserError(
            f"{folder / wrong[0]}: missing, changed or not listed in {SUMS} (so {len(wrong):,} of "
            f"{quantity(len(found), 'file')}). Fetch the published results again."
        )
