"""Posts and names that may be too many for memory: they lie in a temporary file once they fill some MB."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any
from weakref import finalize

import numpy as np

from mnerflow.data.post import Post
from mnerflow.errors import UserError

FIELDS = attrgetter(*Post.__slots__)
Place = str | int


class _Table:
    """A table ``rows`` of SQLite without a name, which keeps 2 MB in memory and is gone with this object.

    Raises ``UserError`` where the temporary file cannot be written.
    """

    def __init__(self, columns: str) -> None:
        self._base = sqlite3.connect("", check_same_thread=False)  # any thread may collect it
        finalize(self, self._base.close)
        self._do("PRAGMA journal_mode = OFF")
        self._do(f"CREATE TABLE rows ({columns})")

    def __len__(self) -> int:
        [(rows,)] = self._do("SELECT coalesce(max(rowid), 0) FROM rows")  # none is ever removed
        return int(rows)

    def _do(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._base.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise UserError(
                f"A temporary file of posts could not be written ({error}). Free some space, or name another "
                "folder by TMPDIR."
            ) from error


class PostStore(_Table):
    """Posts in their order, read anew each time they are gone through: one at a time is in memory."""

    def __init__(self, posts: Iterable[Post] = ()) -> None:
        super().__init__("line INTEGER, id TEXT, post TEXT")
        for post in posts:
            self.add(post)

    def add(self, post: Post, line: int = 0) -> None:
        """Add a post, and the line on which it begins."""
        identifier, *others = FIELDS(post)
        self._do("INSERT INTO rows VALUES (?, ?, ?)", line, identifier, json.dumps(others))

    def __iter__(self) -> Iterator[Post]:
        return (post for _, post in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Post]]:
        """Every post after its line."""
        for line, identifier, text in self._do("SELECT * FROM rows ORDER BY rowid"):
            yield line, Post(identifier, *json.loads(text))

    def ids(self) -> Iterator[str]:
        """The id of every post."""
        return (identifier for (identifier,) in self._do("SELECT id FROM rows ORDER BY rowid"))

    def begin_ids(self, start: str) -> None:
        """Put ``start`` before every id."""
        self._do("UPDATE rows SET id = ? || id", start)


class Places(_Table):
    """Names, as of posts or images: where each was met first, and how often it was met."""

    def __init__(self) -> None:
        super().__init__("name TEXT UNIQUE, place TEXT, times INTEGER DEFAULT 1")

    def add(self, name: str, place: Place) -> Place | None:
        """Note that ``name`` was met; returns the place where it was met first, if that was before."""
        # As JSON, since the name of a file may hold bytes that are no text.
        key, where = json.dumps(name), json.dumps(place)
        if self._do("INSERT OR IGNORE INTO rows (name, place) VALUES (?, ?)", key, where).rowcount:
            return None
        self._do("UPDATE rows SET times = times + 1 WHERE name = ?", key)
        [(first,)] = self._do("SELECT place FROM rows WHERE name = ?", key)
        return _place(first)

    def __contains__(self, name: str) -> bool:
        return bool(self._do("SELECT 1 FROM rows WHERE name = ?", json.dumps(name)).fetchone())

    def __iter__(self) -> Iterator[tuple[str, Place, int]]:
        """Every name, its first place and how often it was met, in the order in which they were met first."""
        for name, place, times in self._do("SELECT * FROM rows ORDER BY rowid"):
            yield json.loads(name), _place(place), times


def hashes_of(texts: Iterable[str]) -> np.ndarray:
    """The hashes that texts have in this process, int64, in order and each once: 8 bytes a text."""
    return np.unique(np.fromiter(map(hash, texts), np.int64))


def _place(text: str) -> Place:
    place: Place = json.loads(text)
    return place
