"""What is found in people's data: its splits, and every problem with its place and its remedy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnerflow.data.config import Columns
from mnerflow.data.post import Post
from mnerflow.data.post_store import PostStore
from mnerflow.data.schemes import Scheme
from mnerflow.errors import UserError


@dataclass(frozen=True, slots=True)
class Problem:
    """``what`` is wrong, beginning with its place, and its ``remedy``; ``stops``: no run gets past it."""

    what: str
    remedy: str
    stops: bool = True

    @classmethod
    def of(cls, error: UserError) -> "Problem":
        """An error, whose last sentence is its remedy."""
        what, _, remedy = str(error).rpartition(". ")
        return cls(what, remedy) if what else cls(str(error), "")


@dataclass(slots=True)
class Findings:
    """What a folder holds.

    ``files`` are paths below ``folder`` by split. ``types`` are all entity types by how many entities they
    have. ``images`` counts the usable images, ``strips`` tells that most are far wider than high. The first
    of the text ``encoders`` is to be trained, others are at hand. ``notes`` are sentences on how the files
    are read; ``told`` is what a person said of it.
    """

    folder: Path
    format: str
    files: dict[str, list[str]]
    columns: Columns | None = None
    scheme: Scheme | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    split_key: str = ""
    splits: dict[str, PostStore] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    images: int = 0
    strips: bool = False
    encoders: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def place(self) -> Path:
        """What was looked through: the folder, or the one split of it that is a folder itself."""
        [first, *_] = self.files["train"]
        subfolder = self.folder / first
        return subfolder if len(self.files) == 1 and subfolder.is_dir() else self.folder

    @property
    def stops(self) -> bool:
        """Whether a problem would stop a run."""
        return any(problem.stops for problem in self.problems)

    def name(self, split: str) -> str:
        """The files of a split, as a person names them."""
        return ", ".join(str(self.folder / name) for name in self.files[split])

    def posts(self) -> Iterator[tuple[str, Post]]:
        """Every post after its place."""
        for split, posts in self.splits.items():
            name, [first, *_] = self.name(split), self.files[split]
            one = (self.folder / first).is_file()  # of a folder's post the id tells the document
            for line, post in posts.numbered():
                yield f"{name}:{line}: post {post.id!r}" if one else f"{name}: post {post.id!r}", post


def short(text: str) -> str:
    """A text, or its first 59 characters."""
    return text if len(text) <= 60 else f"{text[:59]}…"
