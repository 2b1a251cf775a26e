"""Image captions: a file with ``<image name> :<caption>`` a line."""

from pathlib import Path

from mnerflow.errors import UserError
from mnerflow.files import read_lines


def read_captions(path: str | Path) -> dict[str, str]:
    """Captions by image name; an empty caption stays an empty string.

    Raises ``UserError`` naming file and line for a line without `` :`` and for an image named twice.
    """
    captions: dict[str, str] = {}
    for number, line in read_lines(path):
        if not line:
            continue
        name, separator, caption = line.partition(" :")
        if not separator or not name:
            raise UserError(f"{path}:{number}: '<image name> :<caption>' is expected, not {line[:40]!r}.")
        if name in captions:
            raise UserError(f"{path}:{number}: a second caption for {name!r}. Remove one of them.")
        captions[name] = caption.strip(" ")
    return captions
