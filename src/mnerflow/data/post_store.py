"""Posts and names that may not fit in memory: beyond a few MB they are kept in a temporary file."""

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
    """A table ``rows`` in an unnamed SQLite database, which keeps 2 MB in memory and ends with this object.

    Raises ``UserError`` if the temporary file cannot be written.
    """

    def __init__(self, columns: str) -> None:
        self._base = sqlite3.connect("", check_same_thread=False)  # any thread may garbage-collect it
        finalize(self, self._base.close)
        self._do("PRAGMA journal_mode = OFF")
        self._do(f"CREATE TABLE rows ({columns})")

    def __len__(self) -> int:
        [(rows,)] = self._do("SELECT coalesce(max(rowid), 0) FROM rows")  # rows are never removed
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
    """Posts in order, read again on each iteration: only one at a time is in memory."""

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
        """Yield ``(line, post)`` for every post."""
        for line, identifier, text in self._do("SELECT * FROM rows ORDER BY rowid"):
            yield line, Post(identifier, *json.loads(text))

    def ids(self) -> Iterator[str]:
        """Yield the id of every post."""
        return (identifier for (identifier,) in self._do("SELECT id FROM rows ORDER BY rowid"))

    def begin_ids(self, start: str) -> None:
        """Put ``start`` before every id."""
        self._do("UPDATE rows SET id = ? || id", start)


class Places(_Table):
    """Names of posts or images: where each first occurred, and how often it occurred."""

    def __init__(self) -> None:
        super().__init__("name TEXT UNIQUE, place TEXT, times INTEGER DEFAULT 1")

    def add(self, name: str, place: Place) -> Place | None:
        """Record an occurrence of ``name``; return the place of the first one if that was earlier."""
        # As JSON, since the name of a file may contain bytes that are not text.
        key, where = json.dumps(name), json.dumps(place)
        if self._do("INSERT OR IGNORE INTO rows (name, place) VALUES (?, ?)", key, where).rowcount:
            return None
        self._do("UPDATE rows SET times = times + 1 WHERE name = ?", key)
        [(first,)] = self._do("SELECT place FROM rows WHERE name = ?", key)
        return _place(first)

    def __contains__(self, name: str) -> bool:
        return bool(self._do("SELECT 1 FROM rows WHERE name = ?", json.dumps(name)).fetchone())

    def __iter__(self) -> Iterator[tuple[str, Place, int]]:
        """Yield every name, its first place and its number of occurrences, in order of first occurrence."""
        for name, place, times in self._do("SELECT * FROM rows ORDER BY rowid"):
            yield json.loads(name), _place(place), times


def hashes_of(texts: Iterable[str]) -> np.ndarray:
    """The distinct hashes of texts in this process, int64 and sorted: 8 bytes per text."""
    return np.unique(np.fromiter(map(hash, texts), np.int64))


def _place(text: str) -> Place:
    place: Place = json.loads(text)
    return place
