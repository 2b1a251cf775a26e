"""Formats in which a split is one document, or a folder of documents."""

from pathlib import Path

from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.files.paths import files_below
from mnerflow.log import logger

# The file of a post and the post; or the error of a document, so that the others are still checked.
Record = tuple[Path, Post] | UserError


def documents(path: Path, *suffixes: str) -> list[Path]:
    """``path`` itself, or the files below it with one of the ``suffixes``; hidden files are left out."""
    if not path.is_dir():
        return [path]
    found = (file for file in files_below(path) if file.suffix in suffixes)
    return [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]


def name_of(file: Path, root: Path) -> str:
    """The name of a document, unique in its data set: its path below the set's folder ``root``."""
    return file.relative_to(root).with_suffix("").as_posix()


def post_of(record: Record) -> Post:
    """The post of a record; a record that is a ``UserError`` is raised."""
    if isinstance(record, UserError):
        raise record
    return record[1]


def log_empty(path: Path, names: list[str]) -> None:
    """Log the documents without a word, which have no posts."""
    if names:
        logger.warning("%s: documents without a word, left out: %d (%s)", path, len(names), ", ".join(names))
