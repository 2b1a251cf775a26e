"""Formats of which a split is one document, or a folder of them."""

from pathlib import Path

from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.files import files_below
from mnerflow.log import logger

# A post and the file that it stands in; or what is wrong with a document, so that others are still looked at.
Record = tuple[Path, Post] | UserError


def documents(path: Path, *suffixes: str) -> list[Path]:
    """``path`` itself, or the files below it that end so; hidden ones are left out."""
    if not path.is_dir():
        return [path]
    found = (file for file in files_below(path) if file.suffix in suffixes)
    return [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]


def name_of(path: Path, file: Path) -> str:
    """What a document of a split is called, which no other one of the data set is."""
    if path.is_dir():
        return f"{path.name}/{file.relative_to(path).with_suffix('').as_posix()}"
    return file.stem


def post_of(record: Record) -> Post:
    """The post of a record; raises the ``UserError`` that it is for what is wrong."""
    if isinstance(record, UserError):
        raise record
    return record[1]


def say_empty(path: Path, names: list[str]) -> None:
    """List the documents without a word, of which there is no post."""
    if names:
        logger.warning("%s: documents without a word, left out: %d (%s)", path, len(names), ", ".join(names))
