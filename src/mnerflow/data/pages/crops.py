"""Cut the crops of text lines out of the scans, each line once."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from mnerflow.data.image import opened
from mnerflow.data.pages.layout import Box, Layout, Line
from mnerflow.data.pages.page import Page
from mnerflow.errors import UserError
from mnerflow.files.writing import atomic_folder

QUALITY = 90


def crop_name(page: str, line: str) -> str:
    """Name of a line's crop, relative to the image folder."""
    return f"{page}/{line}.jpg"


def page_and_line(crop: str) -> tuple[str, str]:
    """The page and the line of a crop, from its name."""
    page, _, line = crop.removesuffix(".jpg").rpartition("/")
    return page, line


def crops_of(lines: Iterable[tuple[Page, Line]]) -> list[str]:
    """Names of the crops of those ``lines`` that can be cut."""
    return [crop_name(page.name, line.id) for page, line in lines if page.scan and line.box]


def box_on_scan(box: Box, layout: Layout, size: tuple[int, int]) -> Box:
    """A line's box in pixels of a scan of ``size`` (width, height), kept inside it, at least 1 x 1.

    The scan may be scaled: boxes refer to ``layout.width`` x ``layout.height``.
    """
    (width, height), (left, top, right, bottom) = size, box
    across, down = width / layout.width, height / layout.height
    left = min(max(math.floor(left * across), 0), width - 1)
    top = min(max(math.floor(top * down), 0), height - 1)
    right = max(min(math.ceil(right * across), width), left + 1)
    bottom = max(min(math.ceil(bottom * down), height), top + 1)
    return left, top, right, bottom


def write_crops(pages: Mapping[str, Page], lines: Iterable[tuple[str, str]], folder: Path) -> int:
    """Write the crops of ``lines``, given as ``(page name, line id)``, to ``folder``; return their number.

    ``folder`` is replaced as a whole, and only when all crops are cut. Raises ``UserError`` when a scan
    cannot be read or does not have the proportions of its layout, or when the folder cannot be written.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for page, line in lines:
        wanted[page].add(line)
    with atomic_folder(folder) as new, ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(cut_lines, pages[page], names, new) for page, names in wanted.items()]
        for job in jobs:
            job.result()
    return sum(map(len, wanted.values()))


def cut_lines(page: Page, names: Collection[str], folder: Path) -> None:
    """Write the crops of the lines ``names`` of a page to ``folder``; raises as ``write_crops`` does."""
    scan, layout = _read(page), page.layout
    for line in layout.lines:
        if line.id in names and line.box:
            target = folder / crop_name(page.name, line.id)
            target.parent.mkdir(parents=True, exist_ok=True)
            scan.crop(box_on_scan(line.box, layout, scan.size)).save(target, quality=QUALITY)


def _read(page: Page) -> Image.Image:
    try:
        with opened(str(page.scan)) as image:
            _check_proportions(page, image.size)
            if image.mode.startswith(("I", "F")):  # Pillow would clip them to white
                raise OSError("more than 8 bits a colour")
            scan = image if image.mode == "L" else image.convert("RGB")
            scan.load()
            return scan
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(page, error) from error


def check_scan(page: Page) -> None:
    """Raise ``UserError`` if the beginning of a page's scan already shows that it cannot be cut."""
    try:
        with opened(str(page.scan)) as image:
            _check_proportions(page, image.size)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(page, error) from error


def _check_proportions(page: Page, size: tuple[int, int]) -> None:
    """Raise ``UserError`` for a scan without the proportions of its layout, whatever its scale."""
    width, height = size
    layout = page.layout
    if not math.isclose(width / height, layout.width / layout.height, rel_tol=0.02):
        raise UserError(
            f"{page.scan}: {width} x {height} pixels are not the proportions of its layout "
            f"({layout.width} x {layout.height}). Take the scan that belongs to the XML, unrotated."
        )


def _unreadable(page: Page, error: Exception) -> UserError:
    return UserError(
        f"{page.scan}: the scan cannot be read ({error}). "
        "Fetch it again, or delete it: its lines are then counted as without scan."
    )
