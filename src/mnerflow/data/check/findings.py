"""Findings about a user's data: its splits, and every problem with its place and its remedy."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mnerflow.data.check.hints import Hints
from mnerflow.data.config import Columns
from mnerflow.data.post import Post
from mnerflow.data.post_store import PostStore
from mnerflow.data.schemes import Scheme
from mnerflow.errors import UserError


@dataclass(frozen=True, slots=True)
class Problem:
    """``what`` is wrong, beginning with its place; its ``remedy``; and whether it ``stops`` any run."""

    what: str
    remedy: str
    stops: bool = True

    @classmethod
    def of(cls, error: UserError) -> "Problem":
        """Make a problem of an error whose last sentence is its remedy."""
        what, _, remedy = str(error).rpartition(". ")
        return cls(what, remedy) if what else cls(str(error), "")


@dataclass(slots=True)
class Findings:
    """What was found in a folder.

    ``files`` are paths relative to ``folder``, by split. ``hints`` are what was known before. ``types`` are
    all entity types with their number of entities. ``images`` counts the usable images, and ``strips`` says
    whether most are far wider than high. The first of the text ``encoders`` is to be trained; the others are
    alternatives. ``notes`` are sentences on how the files are read.
    """

    folder: Path
    format: str
    files: dict[str, list[str]]
    hints: Hints
    columns: Columns | None = None
    scheme: Scheme | None = None
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
        """What was checked: the folder, or its only split if that is itself a folder."""
        [first, *_] = self.files["train"]
        subfolder = self.folder / first
        return subfolder if len(self.files) == 1 and subfolder.is_dir() else self.folder

    @property
    def stops(self) -> bool:
        """Whether a problem would stop a run."""
        return any(problem.stops for problem in self.problems)

    def name(self, split: str) -> str:
        """The files of a split, for messages."""
        return ", ".join(str(self.folder / name) for name in self.files[split])

    def posts(self) -> Iterator[tuple[str, Post]]:
        """Yield ``(place, post)`` for every post."""
        for split, posts in self.splits.items():
            name, [first, *_] = self.name(split), self.files[split]
            one = (self.folder / first).is_file()  # in a folder, a post's id names its document
            for line, post in posts.numbered():
                yield f"{name}:{line}: post {post.id!r}" if one else f"{name}: post {post.id!r}", post


def short(text: str) -> str:
    """A text, or its first 59 characters."""
    return text if len(text) <= 60 else f"{text[:59]}…"
