"""Source formats: one module each, found by its name.

A format's module offers two functions, which raise ``UserError`` naming file and line:

``records(path)``
    yields ``(line number, record)`` for every post of a file.
``to_post(path, line, record)``
    makes a ``Post`` of a record, with its tags as annotated.

It may also have:

``OPTIONS``
    the keys of a data set's entry that ``records`` takes as arguments; ``root`` is the data set's folder,
    below which documents are named, and by default the folder around ``path``.
``records(path, tagged=False)``
    for formats whose posts are words: tags are not read, and may be absent.
``line_of_token(record, index)``
    the line of a token, if tokens have lines of their own.
``companions(path)``
    the files that are read in addition to ``path``.
``files(folder)`` and ``file_of(record)``
    for formats in which a split may be a folder: the files in it that are read, and the file of a record.
``CONTEXTS = True``
    posts may bring contexts.
``SPANS = True``
    tags are made of spans, in IOB2.
``unread(entry, place, **options)``
    the fields of an entry of JSON that are not read, which ``mnerflow check`` lists.
``looks_like(start)``
    whether the first characters of a file are in this format; ``format_of`` asks the modules in
    ``DETECTION_ORDER``.
``holds_images(path)`` and ``write_images(paths, folder, root)``
    whether a file contains images, and how these are written to a folder.
``CROPS = True``
    these images are lines of text.
``READS``
    other formats, in which files beside the posts may be written.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from mnerflow.data.formats._check import check_post, whole_characters
from mnerflow.data.post import Post
from mnerflow.data.post_store import Places
from mnerflow.data.schemes import ReadAs
from mnerflow.errors import UserError
from mnerflow.files.reading import reading
from mnerflow.registry import load

DETECTION_ORDER = (
    "page_xml",
    "umt",
    "webanno",
    "brat",
    "hugging_face",
    "label_studio",
    "spans",
    "jsonl",
    "hipe",
    "conllu",
    "conll",
)  # the more specific ones first
START = 2**16  # bytes


def format_of(path: Path) -> str:
    """The format of the start of a file, or of the files of a folder; empty if no format recognises it."""
    sources = {name: load("data.formats", name, "format") for name in DETECTION_ORDER}
    if path.is_dir():
        return next((name for name, source in sources.items() if _files_of(source, path)), "")
    with reading(path), path.open("rb") as file:
        start = file.read(START).decode("utf-8", "replace").removeprefix("\ufeff").lstrip("\n\r ")
    known = (name for name, source in sources.items() if source.looks_like(start))
    return next(known, "") if start else ""


def parse(
    name: str,
    path: str | Path,
    problems: list[UserError] | None = None,
    scheme: ReadAs | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Post]:
    """Read every post of ``path``; ids are unique within the file, and tags are in IOB2.

    ``scheme`` is the scheme of the tags if it is not IOB2, see ``schemes``. ``options`` are further options
    of the format. Raises ``UserError`` at the first malformed post. If ``problems`` is given, the errors are
    appended to it instead, and malformed posts are left out.
    """
    return [post for _, post in parse_lines(name, path, problems, scheme, options)]


def parse_lines(
    name: str,
    path: str | Path,
    problems: list[UserError] | None = None,
    scheme: ReadAs | None = None,
    options: Mapping[str, Any] | None = None,
    root: Path | None = None,
) -> Iterator[tuple[int, Post]]:
    """Like ``parse``, but yield ``(number of the first line, post)``, one post at a time.

    ``root`` is the folder of the data set, if ``path`` is one of several files or folders.
    """
    source, path, options = load("data.formats", name, "format"), Path(path), options or {}
    if strange := options.keys() - {*getattr(source, "OPTIONS", ())}:
        raise UserError(f"{', '.join(sorted(strange))}: the format {name} has no use for it. Leave it out.")
    if "root" in getattr(source, "OPTIONS", ()):
        options = {**options, "root": root}
    places = Places()
    records = source.records(path, **options)
    while True:
        try:
            line, record = next(records)
            post = _post(source, path, line, record, scheme)
            if (first := places.add(post.id, line)) is not None:
                raise UserError(
                    f"{path}:{line}: the id {post.id!r} stands at line {first} already. "
                    "Give every post an id of its own."
                )
        except StopIteration:
            return
        except UserError as error:
            if problems is None:
                raise
            problems.append(error)
        else:
            yield line, post


def parse_untagged(name: str, path: Path) -> Iterator[tuple[str, Post]]:
    """Yield ``(place, post)`` for every post, without tags and without anything derived from tags.

    Only for formats whose posts are words. Raises ``UserError`` at the first malformed post.
    """
    source = load("data.formats", name, "format")
    for line, record in source.records(path, tagged=False):
        post = _post(source, path, line, record)
        yield f"{_file(source, path, record)}:{line}", post


def _post(source: ModuleType, path: Path, line: int, record: Any, scheme: ReadAs | None = None) -> Post:
    with whole_characters(f"{path}:{line}"):
        post = source.to_post(path, line, record)
    line_of_token = getattr(source, "line_of_token", None)
    check_post(
        post,
        _file(source, path, record),
        line,
        partial(line_of_token, record) if line_of_token else None,
        scheme,
    )
    return post


def _file(source: ModuleType, path: Path, record: Any) -> Path:
    return source.file_of(record) if hasattr(source, "file_of") else path


def companions_of(name: str, path: str | Path) -> list[Path]:
    """The files that are read in addition to ``path``, such as texts that its posts link to.

    If ``path`` is a folder, these include the files in it.
    """
    source, path = load("data.formats", name, "format"), Path(path)
    companions = source.companions(path) if hasattr(source, "companions") else []
    return [*companions, *_files_of(source, path)]


def holds_split(name: str, path: Path) -> bool:
    """Whether a path is a folder that contains files of a format."""
    return bool(_files_of(load("data.formats", name, "format"), path))


def _files_of(source: ModuleType, folder: Path) -> list[Path]:
    return source.files(folder) if hasattr(source, "files") and folder.is_dir() else []


def has_spans(name: str) -> bool:
    """Whether a format contains spans, from which tags are made, rather than tags of some scheme."""
    return getattr(load("data.formats", name, "format"), "SPANS", False)


def brings_contexts(name: str) -> bool:
    """Whether posts of a format may bring contexts themselves."""
    return getattr(load("data.formats", name, "format"), "CONTEXTS", False)


def formats_read(name: str) -> list[str]:
    """A format, and those in which files beside its posts may be written."""
    return [name, *getattr(load("data.formats", name, "format"), "READS", ())]


def cuts_images(name: str) -> bool:
    """Whether the images of a format's posts are lines of text, cut out of other images."""
    return getattr(load("data.formats", name, "format"), "CROPS", False)


def holds_images(name: str, paths: Iterable[Path]) -> bool:
    """Whether the files of posts contain the posts' images, which ``write_images`` then writes."""
    source = load("data.formats", name, "format")
    return hasattr(source, "holds_images") and any(map(source.holds_images, paths))


def write_images(name: str, paths: Iterable[Path], folder: Path, root: Path | None = None) -> int:
    """Write the images that the files of a format's posts contain into ``folder``; return their number.

    ``root`` is the folder of the data set, if ``paths`` are several.
    """
    return load("data.formats", name, "format").write_images(paths, folder, root)
