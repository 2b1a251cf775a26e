"""RiTUAL's tweets with photos: JSON lines in ``<set>/texts/<split>/<split>.json``.

The photos lie in ``<set>/images/<split>`` and the captions in
``<set>/captions/<split>/<split>_image_captions.json``. Ids restart in every split of every set, so a post's
id is ``<set>-<split>-<id>``. Its image is named by its path below the folder that contains the sets.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnerflow.data.formats._fields import identifier, string, strings
from mnerflow.data.post import CAPTION, Post
from mnerflow.errors import UserError
from mnerflow.files.json_text import read_json_lines

CONTEXTS = True


def records(path: Path) -> Iterator[tuple[int, tuple[dict[str, Any], dict[str, str]]]]:
    """Yield every line's object together with the captions of the split, empty without a caption file."""
    if path.parts[-3:-2] != ("texts",):
        raise UserError(
            f"{path}: RiTUAL's folders <set>/texts/<split>/<split>.json are expected. "
            "Lay the files out like that."
        )
    captions = {}
    for caption_file in companions(path):
        for line, record in read_json_lines(caption_file):
            place = f"{caption_file}:{line}"
            captions[identifier(record, "image_id", place)] = string(record, "caption", place)
    for line, record in read_json_lines(path):
        yield line, (record, captions)


def companions(path: Path) -> list[Path]:
    """The split's caption file, if there is one."""
    if len(path.parents) < 3:
        return []
    split = path.parent.name
    file = path.parents[2] / "captions" / split / f"{split}_image_captions.json"
    return [file] if file.exists() else []


def to_post(path: Path, line: int, record: tuple[dict[str, Any], dict[str, str]]) -> Post:
    """Build a post; raises ``UserError`` for a field that is missing or of a wrong type."""
    values, captions = record
    place, name, split = f"{path}:{line}", path.parents[2].name, path.parent.name
    photo = identifier(values, "image_id", place)
    return Post(
        f"{name}-{split}-{identifier(values, 'id', place)}",
        strings(values, "tokens", place),
        strings(values, "labels", place),
        images=[f"{name}/images/{split}/{photo}"],
        contexts={CAPTION: captions[photo]} if captions.get(photo) else {},
    )
