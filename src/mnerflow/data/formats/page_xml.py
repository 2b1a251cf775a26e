"""Scanned pages with their transcription, PAGE or ALTO XML; a split is a folder of them, or one file.

The images are beside the XML, and posts show the crops of their lines, which are cut out of them
(``write_images``). The names stand in the XML (tags of Transkribus, ``NamedEntityTag`` of ALTO), in a Label
Studio export in the folder, or in a CoNLL file there that holds the text of whole pages in any order. The
group of a post is its page; pages that share a sentence are one group.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from mnerflow.data.pages.crops import page_and_line, write_crops
from mnerflow.data.pages.names import page_files, posts_of
from mnerflow.data.pages.page import ROOT, Page, holds_pages, read_pages
from mnerflow.data.post import Post
from mnerflow.errors import UserError

SPANS = True
CROPS = True


def looks_like(start: str) -> bool:
    """Whether a file that begins so is PAGE or ALTO XML."""
    return start.startswith("<") and bool(ROOT.search(start))  # an archive may hold them as they are


def files(folder: Path) -> list[Path]:
    """The XML files of a folder, and those with their names; none where there are no pages."""
    return page_files(folder) if holds_pages(folder) else []


def records(path: Path) -> Iterator[tuple[int, Post]]:
    """Yield the number of every post, from 1, and the post itself."""
    if not path.exists():
        raise UserError(f"{path}: no such folder or file. Name one that holds PAGE or ALTO XML.")
    yield from enumerate(posts_of(path, read_pages(path)), start=1)


def to_post(path: Path, line: int, record: Post) -> Post:
    """The post as it is."""
    return record


def companions(path: Path) -> list[Path]:
    """The files with the names of a page that is a split of its own."""
    return [file for file in page_files(path) if file != path] if path.is_file() else []


def holds_images(path: Path) -> bool:
    """Always: in its scans."""
    return True


def write_images(paths: Iterable[Path], folder: Path) -> int:
    """Cut the lines of the posts of ``paths`` out of their scans into ``folder``; returns their number."""
    pages: dict[str, Page] = {}
    names: list[str] = []
    for path in paths:
        found = read_pages(path)
        pages |= {page.name: page for page in found}
        names += [name for post in posts_of(path, found) for name in post.images]
    return write_crops(pages, map(page_and_line, names), folder)
