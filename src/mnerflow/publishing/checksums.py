"""``SHA256SUMS``: the checksums of a folder's files, as ``sha256sum --check`` reads them."""

import re
from collections.abc import Mapping
from pathlib import Path

from mnerflow.errors import UserError

SUMS = "SHA256SUMS"


def sums_text(sums: Mapping[str, str]) -> str:
    """The text of a ``SHA256SUMS``, of ``{path: sha256}``."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(sums.items()))


def read_sums(place: Path, text: str) -> dict[str, str]:
    """What ``sums_text`` was given; raises ``UserError`` naming ``place`` and the line that is none."""
    lines = [re.fullmatch(r"([0-9a-f]{64})  (.+)", line) for line in text.splitlines()]
    if None in lines:
        number = lines.index(None) + 1
        raise UserError(f"{place}: {SUMS}:{number}: a sha256, two spaces and a path are expected.")
    return {line[2]: line[1] for line in lines if line}
