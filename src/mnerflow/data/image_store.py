"""The image store: every image of a data set, decoded and resized once and read as a memory map.

A store is a folder with two files. ``images.npy`` contains uint8 pixels ``(1 + readable images, size,
size, 3)``, RGB; row 0 is the blank image that replaces those that cannot be used. ``index.csv``
(``image,row,status,reason``) gives the row of every image, or the reason why it has none.
"""

import csv
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from tqdm import tqdm

from mnerflow.compute.memory import no_memory
from mnerflow.data.config import Fit, Policy
from mnerflow.data.image import BLANK_COLOUR, BrokenImage, decode
from mnerflow.errors import UserError, quantity
from mnerflow.files.csv_text import csv_rows, csv_text
from mnerflow.files.reading import read_text
from mnerflow.files.writing import atomic_path, write_text

BLANK_ROW = 0
COLUMNS = ["image", "row", "status", "reason"]
IMAGES, INDEX = "images.npy", "index.csv"
_REBUILD = "Delete the folder and run again."

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Entry:
    """The index entry of one image: ``status`` is ``ok``, ``blank`` or ``dropped``.

    ``reason`` says why it is not ``ok``, or what is wrong with an image that could still be read.
    """

    row: int
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoreReport:
    """The outcome for each image of a store, and how many seconds building it took."""

    entries: dict[str, Entry]
    seconds: float

    @property
    def problems(self) -> dict[str, Entry]:
        """The images without a row of their own, by name."""
        return {name: entry for name, entry in self.entries.items() if entry.status != "ok"}

    @property
    def remarks(self) -> dict[str, Entry]:
        """The images that were read although something is wrong with them, by name."""
        return {name: entry for name, entry in self.entries.items() if entry.status == "ok" and entry.reason}

    def summary(self) -> str:
        """One line: ``"1000 images, 3 unusable (missing: 2, truncated: 1), 812 images/s"``."""
        reasons = Counter(entry.reason for entry in self.problems.values())
        listed = f" ({', '.join(f'{reason}: {n}' for reason, n in reasons.most_common())})" if reasons else ""
        rate = len(self.entries) / max(self.seconds, 1e-9)
        read = f", {len(self.remarks)} read without their end mark" if self.remarks else ""
        images = quantity(len(self.entries), "image")
        return f"{images}, {reasons.total()} unusable{listed}{read}, {rate:.0f} images/s"


def build_store(
    names: Sequence[str],
    folder: Path,
    store: Path,
    size: int,
    policy: Policy = "blank",
    workers: int = 1,
    fit: Fit = "letterbox",
) -> StoreReport:
    """Decode each image of ``names`` (a path relative to ``folder``) once and write it to ``store``.

    An unusable image gets row 0 and is listed as ``blank``, or as ``dropped`` with the policy ``drop`` (the
    caller then leaves such posts out of training, never out of dev or test). ``fit`` is how an image is
    fitted into the square, see ``decode``. The files do not depend on the number of ``workers``, and memory
    does not grow with the number of images. Raises ``UserError`` when ``folder`` is missing, when ``store``
    cannot be written, and with the policy ``fail`` when any image is unusable; then nothing is written.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of images. Download the images, or correct the path.")
    names = list(dict.fromkeys(names))
    start = time.monotonic()
    entries: dict[str, Entry] = {}

    def picture(name: str) -> tuple[np.ndarray, str] | BrokenImage:
        try:
            return decode(folder, name, size, fit)
        except BrokenImage as reason:
            return reason

    with atomic_path(store / IMAGES) as temporary:
        # Appended, not written through a memory map: a full disk is then an error, not a crash,
        # and pages already written do not stay in this process's memory.
        with temporary.open("wb") as file, warnings.catch_warnings(), ThreadPoolExecutor(workers) as pool:
            warnings.simplefilter("ignore")  # Pillow's, about files that get a status and a reason here
            _write_header(file, len(names) + 1, size)
            file.write(np.full((size, size, 3), BLANK_COLOUR, np.uint8).data)
            pictures = map_in_order(pool, picture, names, ahead=8 * workers)
            rows = 1
            for name, result in zip(names, tqdm(pictures, "images", len(names), disable=None), strict=True):
                if isinstance(result, BrokenImage):
                    status = "dropped" if policy == "drop" else "blank"
                    entries[name] = Entry(BLANK_ROW, status, str(result))
                else:
                    pixels, remark = result
                    file.write(pixels.data)
                    entries[name] = Entry(rows, "ok", remark)
                    rows += 1
            _write_header(file, rows, size)
        report = StoreReport(entries, time.monotonic() - start)
        if policy == "fail" and report.problems:
            raise UserError(_failure(folder, report))
        (store / INDEX).unlink(missing_ok=True)  # an old index must never be used with new pixels
    _write_index(store / INDEX, entries)
    return report


class ImageStore:
    """A finished store, opened for reading; pixels are read from disk when they are accessed.

    ``pixels`` is the read-only memory map ``(rows, size, size, 3)``, ``entries`` the index by image.
    Raises ``UserError`` when a file is missing, truncated or does not belong to the other.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        for file in (IMAGES, INDEX):
            if not (self.folder / file).is_file():
                raise UserError(f"{self.folder / file}: no such file. {_REBUILD}")
        self.entries = read_index(self.folder / INDEX)
        self.pixels = self._open_pixels()

    def rows(self, names: Iterable[str]) -> list[int]:
        """The row of each image, 0 for one without its own; raises ``UserError`` for an unknown name."""
        return [self._entry(name).row for name in names]

    def lost(self, names: Sequence[str]) -> bool:
        """Whether the policy ``drop`` removed all images of a post that had some, so training omits it."""
        return bool(names) and all(self._entry(name).status == "dropped" for name in names)

    def _entry(self, name: str) -> Entry:
        try:
            return self.entries[name]
        except KeyError as error:
            raise UserError(
                f"{self.folder}: image {error} is not in this store. If the data set reads the images of "
                f"another one (`images_of`), that one must have it, too; else: {_REBUILD}"
            ) from error

    def _open_pixels(self) -> np.memmap:
        path = self.folder / IMAGES
        rows = 1 + sum(entry.status == "ok" for entry in self.entries.values())
        try:
            pixels = np.lib.format.open_memmap(path, mode="r")
        except (OSError, ValueError) as error:
            if no_memory(error):
                raise
            raise UserError(f"{path}: truncated or not an image store ({error}). {_REBUILD}") from error
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) != rows:
            found = f"{pixels.dtype} {pixels.shape}"
            raise UserError(f"{path}: {found} found, but {INDEX} lists {quantity(rows, 'row')}. {_REBUILD}")
        return pixels


def read_index(path: Path) -> dict[str, Entry]:
    """The entries of a store's ``index.csv`` by image; raises ``UserError`` if it is missing or malformed."""
    try:
        header, *lines = csv_rows(read_text(path))
        if header != COLUMNS:
            raise ValueError("other columns")
        return {name: Entry(int(row), status, reason) for name, row, status, reason in lines}
    except (ValueError, csv.Error) as error:
        raise UserError(f"{path}: not the index of an image store ({error}). {_REBUILD}") from error


def usable_images(index: Path) -> set[str]:
    """Names of the images that have pixels of their own, from a store's ``index.csv``."""
    return {name for name, entry in read_index(index).items() if entry.row != BLANK_ROW}


def splits_without_images(named: Mapping[str, Iterable[str]], unusable: Container[str]) -> list[str]:
    """The splits that name no image, or only ``unusable`` ones; no run reads images of such a data set."""
    return [split for split, names in named.items() if all(name in unusable for name in names)]


def map_in_order(
    pool: Executor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    """``pool.map`` with at most ``ahead`` results in memory."""
    pending: deque[Future[Result]] = deque()
    for item in items:
        pending.append(pool.submit(work, item))
        if len(pending) == ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _write_header(file: BinaryIO, rows: int, size: int) -> None:
    """Write the header of ``images.npy``; numpy pads it, so its length is the same for any number of rows."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (rows, size, size, 3)}
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, header)


def _failure(folder: Path, report: StoreReport) -> str:
    """The message of the policy ``fail``: how many images are unusable, and the first ten of them."""
    problems = report.problems
    first = "".join(f"\n  {name}: {entry.reason}" for name, entry in list(problems.items())[:10])
    rest = f"\n  and {len(problems) - 10} more" if len(problems) > 10 else ""
    return (
        f"{folder}: {len(problems):,} of {quantity(len(report.entries), 'image')} cannot be used. "
        f"Mend them, or choose the policy `blank` (a blank image stands in) or `drop` (training "
        f"goes without such posts).{first}{rest}"
    )


def _write_index(path: Path, entries: dict[str, Entry]) -> None:
    rows = ((name, entry.row, entry.status, entry.reason) for name, entry in entries.items())
    write_text(path, csv_text(COLUMNS, rows))
