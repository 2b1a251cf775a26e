"""Cutting the crops of text lines out of the scans, each line once."""

import math
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from mnerflow.data.poner.align import Page, Placement
from mnerflow.data.poner.page_xml import Box, Layout, Line
from mnerflow.errors import UserError
from mnerflow.files import atomic_folder

QUALITY = 90


def crop_name(page: str, line: str) -> str:
    """Name of a line's crop, relative to the image folder."""
    return f"{page}/{line}.jpg"


def box_on_scan(line: Line, layout: Layout, size: tuple[int, int]) -> Box:
    """The line's box in pixels of a scan of ``size`` (width, height), kept inside it, at least 1 x 1.

    The scan may be scaled: boxes refer to ``layout.width`` x ``layout.height``.
    """
    (width, height), (left, top, right, bottom) = size, line.box
    across, down = width / layout.width, height / layout.height
    left = min(max(math.floor(left * across), 0), width - 1)
    top = min(max(math.floor(top * down), 0), height - 1)
    right = max(min(math.ceil(right * across), width), left + 1)
    bottom = max(min(math.ceil(bottom * down), height), top + 1)
    return left, top, right, bottom


def write_crops(placement: Placement, folder: Path) -> int:
    """Write the crop of every line that a sentence with images stands on; returns their number.

    ``folder`` is replaced as a whole, and only when all crops are cut. Raises ``UserError`` when a scan
    cannot be read or has not the proportions of its layout, or the folder cannot be written.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for sentence in placement.sentences:
        if sentence.has_images:
            for page, line in sentence.lines:
                wanted[page].add(line)
    with atomic_folder(folder) as new, ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(_cut, placement.pages[page], lines, new) for page, lines in wanted.items()]
        for job in jobs:
            job.result()
    return sum(map(len, wanted.values()))


def _cut(page: Page, names: Iterable[str], folder: Path) -> None:
    try:
        with Image.open(page.scan) as image:
            scan = image if image.mode == "L" else image.convert("RGB")
            scan.load()
    except (OSError, Image.DecompressionBombError) as error:
        raise UserError(
            f"{page.scan}: the scan cannot be read ({error}). "
            "Download it again, or delete it: its sentences are then counted as without scan."
        ) from error
    layout = page.layout
    if not math.isclose(scan.width / scan.height, layout.width / layout.height, rel_tol=0.02):
        raise UserError(
            f"{page.scan}: {scan.width} x {scan.height} pixels are not the proportions of its layout "
            f"({layout.width} x {layout.height}). Take the scan that belongs to the XML, unrotated."
        )
    for line in layout.lines:
        if line.id in names:
            target = folder / crop_name(page.name, line.id)
            target.parent.mkdir(exist_ok=True)
            scan.crop(box_on_scan(line, layout, scan.size)).save(target, quality=QUALITY)
