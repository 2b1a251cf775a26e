"""Scanned pages with their transcription, PAGE or ALTO XML; a split is a folder of them, or one file.

The images lie next to the XML, and posts show the crops of their lines, which ``write_images`` cuts out of
these images. The names are in the XML (tags of Transkribus, ``NamedEntityTag`` of ALTO), in a Label Studio
export in the folder, or in a CoNLL file there that contains the text of whole pages in any order. The group
of a post is its page; pages that share a sentence are one group.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from mnerflow.data.pages.crops import page_and_line, write_crops
from mnerflow.data.pages.names import TABLES, page_files, posts_of
from mnerflow.data.pages.page import ROOT, Page, holds_pages, read_pages
from mnerflow.data.post import Post
from mnerflow.errors import UserError

SPANS = True
OPTIONS = ("root",)
CROPS = True
READS = TABLES


def looks_like(start: str) -> bool:
    """Whether the start of a file is PAGE or ALTO XML."""
    return start.startswith("<") and bool(ROOT.search(start))  # an archive may contain XML uncompressed


def files(folder: Path) -> list[Path]:
    """The XML files of a folder and the files with their names; empty if there are no pages."""
    return page_files(folder) if holds_pages(folder) else []


def records(path: Path, root: Path | None = None) -> Iterator[tuple[int, Post]]:
    """Yield the number of every post, from 1, and the post itself."""
    if not path.exists():
        raise UserError(f"{path}: no such folder or file. Name one that holds PAGE or ALTO XML.")
    yield from enumerate(posts_of(path, read_pages(path, root)), start=1)


def to_post(path: Path, line: int, record: Post) -> Post:
    """Return the post unchanged."""
    return record


def companions(path: Path) -> list[Path]:
    """The files with the names of a single page that is a split by itself."""
    return [file for file in page_files(path) if file != path] if path.is_file() else []


def holds_images(path: Path) -> bool:
    """Always true: the scans contain them."""
    return True


def write_images(paths: Iterable[Path], folder: Path, root: Path | None = None) -> int:
    """Cut the lines of the posts of ``paths`` out of their scans into ``folder``; return their number."""
    pages: dict[str, Page] = {}
    names: list[str] = []
    for path in paths:
        found = read_pages(path, root)
        pages |= {page.name: page for page in found}
        names += [name for post in posts_of(path, found) for name in post.images]
    return write_crops(pages, map(page_and_line, names), folder)
