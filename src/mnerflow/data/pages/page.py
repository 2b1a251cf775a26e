"""Pages in a folder: each XML file with the scan that it describes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unicodedata import normalize

from mnerflow.data.formats._documents import name_of
from mnerflow.data.pages.layout import Layout, Line, read_layout
from mnerflow.data.post import IMAGE_SUFFIXES
from mnerflow.errors import UserError, listed
from mnerflow.files.paths import files_below
from mnerflow.files.reading import reading
from mnerflow.log import logger

ROOT = re.compile(r"<([\w.-]+:)?(PcGts|alto)[\s>]")
START = 2**12  # bytes
HYPHENS = ("-", "\u00ac", "\u00ad", "\u2010", "\u2e17")


@dataclass(frozen=True)
class Page:
    """A page: its lines, and its scan if there is one.

    ``name`` is the path of its XML in the data set, without the suffix.
    """

    name: str
    file: Path
    layout: Layout
    scan: Path | None

    @property
    def lines(self) -> list[Line]:
        """The lines of the page, in reading order."""
        return self.layout.lines

    @cached_property
    def text(self) -> str:
        """The text of the page, with a line break between its lines."""
        return "\n".join(line.text for line in self.lines)


def xml_files(path: Path) -> list[Path]:
    """The XML files of a folder of pages, or ``path`` itself if it is one."""
    return [file for file in _files(path) if file.suffix.lower() == ".xml"]


def holds_pages(folder: Path) -> bool:
    """Whether a file below a folder begins like PAGE or ALTO XML."""
    for path in xml_files(folder):
        with reading(path), path.open("rb") as file:
            if ROOT.search(file.read(START).decode("latin-1")):
                return True
    return False


def images_near(path: Path) -> list[Path]:
    """The images that may be scans of the pages of a folder, or of a single file."""
    near = [folder for folder in (path.parent, path.parent / "images") if folder.is_dir()]
    files = [*(file for folder in near for file in sorted(folder.iterdir())), *_files(path)]
    return [file for file in dict.fromkeys(files) if file.suffix.lower() in IMAGE_SUFFIXES]


def read_pages(path: Path, root: Path | None = None) -> list[Page]:
    """Read the pages of a folder, sorted by name, or the page of a single file.

    A scan lies next to its XML, in the parent folder, or in ``images`` in one of these. It has the name that
    the XML gives, or else that of the XML file. ``root`` is the folder of the data set, by default the one
    around ``path``. Raises ``UserError`` as ``read_layout`` does, if there is no page, and if two files
    describe the same page.
    """
    scans = _Scans(path.parent)
    pages: list[Page] = []
    seen: dict[object, str] = {}
    for file in xml_files(path):
        layout = read_layout(file)
        if layout is None:
            continue
        name = normalize("NFC", name_of(file, root or path.parent))
        page = Page(name, file, layout, scans.of(file, layout.image))
        keys: list[object] = [page.scan] if page.scan else []
        keys += [(Path(name).name, page.text)] if page.lines else []
        for key in keys:
            if key in seen:
                raise UserError(
                    f"{path}: {seen[key]} and {name} describe one page ({page.scan or 'of the same text'}). "
                    "Keep one of the two files, as PAGE or ALTO."
                )
            seen[key] = name
        pages.append(page)
    if not pages:
        raise UserError(f"{path}: no PAGE or ALTO XML. Name the folder, or the file, that holds some.")
    return pages


def log_gaps(path: Path, pages: list[Page]) -> None:
    """Log, with counts, what the pages of a folder lack and what in the folder is left out."""
    read = {page.file for page in pages}
    used = {page.scan for page in pages}
    lonely = [
        file.name for file in _files(path) if file.suffix.lower() in IMAGE_SUFFIXES and file not in used
    ]
    lines = [(page, line) for page in pages for line in page.lines]
    for what, found in (
        ("XML files that are no PAGE or ALTO", [file.name for file in xml_files(path) if file not in read]),
        ("pages without an image, whose lines are read without one", [p.name for p in pages if not p.scan]),
        ("images that belong to no page, and are not read", lonely),
        ("pages without a transcribed line, which are left out", [p.name for p in pages if not p.lines]),
        (
            "lines without text, which are left out",
            [page.name for page in pages for _ in range(page.layout.untranscribed)],
        ),
        (
            "lines without a polygon, baseline or box on their page, which are read without an image",
            [f"{page.name} {line.id}" for page, line in lines if page.scan and not line.box],
        ),
        (
            "lines that end in a hyphen, whose word is read in two halves",
            [page.name for page, line in lines if line.text.rstrip().endswith(HYPHENS)],
        ),
    ):
        if found:
            logger.warning("%s: %s: %d (%s)", path, what, len(found), listed(dict.fromkeys(found)))


def _files(path: Path) -> Iterator[Path]:
    """Yield the files below a folder, without hidden ones, or the file itself."""
    for file in files_below(path) if path.is_dir() else [path]:
        if not any(part.startswith(".") for part in file.relative_to(path.parent).parts):
            yield file


class _Scans:
    """Images near the XML, by name and stem; none outside ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[Path, dict[str, Path]] = {}

    def of(self, file: Path, image: str) -> Path | None:
        """The image of a page: named as its XML says, or like the XML file."""
        around = [file.parent, *([file.parent.parent] if file.parent != self._root else [])]
        known = [self._in(folder) for near in around for folder in (near, near / "images")]
        stem = re.sub(f"({'|'.join(map(re.escape, IMAGE_SUFFIXES))})$", "", image, flags=re.IGNORECASE)
        for name in filter(None, (image, stem, file.stem)):
            for images in known:
                if found := images.get(normalize("NFC", name)):
                    return found
        return None

    def _in(self, folder: Path) -> dict[str, Path]:
        """The images of a folder, by name and by name without the suffix."""
        if folder not in self._folders:
            files = sorted(folder.iterdir()) if folder.is_dir() else []
            images = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
            by_stem = {normalize("NFC", file.stem): file for file in reversed(images)}
            self._folders[folder] = by_stem | {normalize("NFC", file.name): file for file in images}
        return self._folders[folder]
