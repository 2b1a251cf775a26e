"""The canonical form of a data set: one post per line, whatever the source format was."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files.json_text import read_json_lines, write_json_lines
from mnerflow.files.writing import atomic_path

# Suffixes of image files.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff")
SPLITS = ("train", "dev", "test")
# The context `caption` is always written as a field of its own, as it was when there was no other context:
# the records of published runs contain checksums of prepared posts.
CAPTION = "caption"
FIELDS = ("id", "tokens", "labels", "images", CAPTION, "language")
OPTIONAL_FIELDS = ("group", "dropped", "forms", "contexts")


@dataclass(slots=True)
class Post:
    """A text with its tags, its images and its contexts.

    ``images`` are names in the data set's image index. ``contexts`` are the texts that accompany the post's
    own, by name, none of them empty. ``group`` names what a post belongs to (a page, an author); a group must
    not straddle splits. ``dropped`` are indices of tokens that a filter hides from the model: they keep their
    place and are scored as predicted ``O``. ``forms``, if a filter made them, are what a word-level encoder
    reads instead of ``tokens``, one per token.
    """

    id: str
    tokens: list[str]
    labels: list[str]
    images: list[str] = field(default_factory=list)
    contexts: dict[str, str] = field(default_factory=dict)
    language: str = ""
    group: str = ""
    dropped: list[int] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)

    @property
    def kept(self) -> list[int]:
        """Indices of the tokens that the model sees."""
        if not self.dropped:
            return list(range(len(self.tokens)))
        hidden = set(self.dropped)
        return [index for index in range(len(self.tokens)) if index not in hidden]


def write_posts(path: str | Path, posts: Iterable[Post]) -> None:
    """Write posts as JSON lines, atomically; optional fields are left out where they are empty."""
    write_json_lines(path, map(_record, posts))


def read_posts(path: str | Path) -> list[Post]:
    """Read posts that ``write_posts`` wrote; raises ``UserError`` naming file and line."""
    posts = []
    for number, record in read_json_lines(path):
        try:
            caption = {CAPTION: record.pop(CAPTION, "")}
            contexts = {name: text for name, text in (caption | record.pop("contexts", {})).items() if text}
            posts.append(Post(**record, contexts=contexts))
        except TypeError as error:
            raise UserError(f"{path}:{number}: not a prepared post ({error}). Prepare it again.") from error
    return posts


def write_splits(
    folder: str | Path, splits: Mapping[str, Iterable[Post]], others: Mapping[str, str] | None = None
) -> None:
    """Write ``<split>.jsonl`` for every split and ``others`` (name to text) into ``folder``.

    No file appears before all of them are written, so a failure leaves the folder as it was.
    """
    with ExitStack() as files:
        for split, posts in splits.items():
            temporary = files.enter_context(atomic_path(Path(folder) / f"{split}.jsonl"))
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(_lines(posts))
        for name, text in (others or {}).items():
            temporary = files.enter_context(atomic_path(Path(folder) / name))
            temporary.write_text(text, encoding="utf-8", newline="\n")


def read_splits(folder: str | Path) -> dict[str, list[Post]]:
    """Read the three splits that ``write_splits`` wrote."""
    return {split: read_posts(Path(folder) / f"{split}.jsonl") for split in SPLITS}


def sum_of_read(path: str | Path, contexts: Collection[str]) -> str:
    """Hex SHA-256 of the file that prepared posts would make if they had only these ``contexts``."""
    posts = (
        replace(post, contexts={name: text for name, text in post.contexts.items() if name in contexts})
        for post in read_posts(path)
    )
    return hashlib.sha256("".join(_lines(posts)).encode()).hexdigest()


def _lines(posts: Iterable[Post]) -> Iterator[str]:
    return (json.dumps(_record(post), ensure_ascii=False) + "\n" for post in posts)


def _record(post: Post) -> dict[str, Any]:
    others = dict(post.contexts)
    values = {name: getattr(post, name) for name in post.__slots__}
    values |= {CAPTION: others.pop(CAPTION, ""), "contexts": others}
    return {name: values[name] for name in (*FIELDS, *OPTIONAL_FIELDS) if name in FIELDS or values[name]}
