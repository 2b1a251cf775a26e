"""Problems of the images that posts name."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from os import cpu_count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unicodedata import normalize

from PIL import Image

from mnerflow.data.check.findings import Findings, Problem
from mnerflow.data.formats import cuts_images, holds_images, write_images
from mnerflow.data.image import NO_END, BrokenImage, decode
from mnerflow.data.image_store import map_in_order, splits_without_images
from mnerflow.data.post import IMAGE_SUFFIXES
from mnerflow.data.post_store import Place, Places
from mnerflow.errors import UserError, quantity
from mnerflow.files.paths import each_file_below

LOOK = 32  # pixels per side to which an image is decoded, enough to find any damage
STRIP = 4  # width / height from which a square shows too little of an image
MEASURED = 200  # images whose shapes are measured


def check_images(findings: Findings) -> None:
    """Add the problems of the images, how many are usable, and whether they are strips."""
    folder, add = findings.folder / "images", findings.problems.append
    users = Places()
    for place, post in findings.posts():
        for name in post.images:
            users.add(name, place)
    if not users:
        return
    if cuts_images(findings.format):  # lines of text; their reader logs those without an image
        findings.images, findings.strips = len(users), True
        return
    for place, post in findings.posts():
        if not post.images:
            add(Problem(f"{place} has no image", "The post stays, and is read without an image.", False))
    paths = [findings.folder / name for names in findings.files.values() for name in names]
    if holds_images(findings.format, paths):
        with TemporaryDirectory() as scratch:
            try:
                write_images(findings.format, paths, Path(scratch) / "images")
            except UserError as error:
                if (problem := Problem.of(error)) not in findings.problems:
                    add(problem)
            else:
                _check_files(findings, Path(scratch) / "images", users)
        return
    if not folder.is_dir():
        what = f"{folder}: no such folder, but {quantity(len(users), 'image is', 'images are')} named"
        add(Problem(what, "Put the images there, or use only text_only."))
        return
    for name in _check_files(findings, folder, users):
        add(Problem(f"{folder / name} belongs to no post", "The image is left out.", False))


class _Flaw(NamedTuple):
    """Why an image cannot be used, or a remark on it; the first post that names it, and how many do."""

    name: str
    place: Place
    times: int
    reason: str


def _check_files(findings: Findings, folder: Path, users: Places) -> list[str]:
    """Check the images in ``folder`` that posts name; return the others."""
    flaws = _decode_all(findings, folder, users)
    near = {_stem(flaw.name): "" for flaw in flaws if flaw.reason == "missing"}
    spelt = {str(Path(name)) for name, _, _ in users if str(Path(name)) != name}
    unused = []
    for file in each_file_below(folder):
        name = str(file.relative_to(folder))
        if (stem := _stem(name)) in near:
            near[stem] = min(near[stem] or name, name)
        if name.lower().endswith(IMAGE_SUFFIXES) and name not in users and name not in spelt:
            unused.append(name)
    for flaw in flaws:
        like = near[_stem(flaw.name)] if flaw.reason == "missing" else ""
        findings.problems.append(_problem(flaw, like))
    if findings.images:
        _check_splits(findings, {flaw.name for flaw in flaws if flaw.reason != NO_END})
    else:
        what = f"{findings.place}: no usable image among {len(users):,}"
        findings.problems.append(Problem(what, "Replace the images, or use only text_only."))
    return sorted(unused)


def _decode_all(findings: Findings, folder: Path, users: Places) -> list[_Flaw]:
    """Decode all images, count those that can be used, and note whether they are strips; return the flaws."""
    shapes: list[float] = []
    flaws = []
    workers = cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        names = (name for name, _, _ in users)
        reasons = map_in_order(pool, partial(_reason, folder), names, ahead=8 * workers)
        for (name, place, times), reason in zip(users, reasons, strict=True):
            if reason:
                flaws.append(_Flaw(name, place, times, reason))
            if reason in ("", NO_END):
                findings.images += 1
                if len(shapes) < MEASURED:
                    shapes.append(_width_by_height(folder / name))
    if shapes:
        findings.strips = median(shapes) >= STRIP
    if findings.strips:
        findings.notes.append(
            f"Half of the images are at least {median(shapes):.0f} times as wide as high: `fit: wrap` cuts "
            "them into rows, so a square shows more of them."
        )
    return flaws


def _problem(flaw: _Flaw, like: str) -> Problem:
    """The problem of an image; ``like`` is a file whose name resembles that of a missing one."""
    if flaw.reason == NO_END:
        return Problem(
            f"{flaw.place}: image {flaw.name!r} lacks only the mark that ends a JPEG",
            "The image is read. To be sure that it is complete, save it or fetch it again.",
            False,
        )
    others = f" (and {flaw.times - 1} more)" if flaw.times > 1 else ""
    hint = f"; there is {like!r}" if like else ""
    return Problem(
        f"{flaw.place}{others}: image {flaw.name!r} is {flaw.reason}{hint}",
        "Replace it. Else a blank image is used, unless you set `images: {broken: fail}` or `drop`.",
        False,
    )


def _check_splits(findings: Findings, unusable: set[str]) -> None:
    """Add a problem for each split that names images none of which can be used."""
    named = {
        split: (name for post in posts for name in post.images) for split, posts in findings.splits.items()
    }
    for split in splits_without_images(named, unusable):
        what = f"{findings.name(split)}: not one of the images that it names can be used"
        findings.problems.append(Problem(what, "Replace the images, or use only text_only."))


def _stem(name: str) -> str:
    return normalize("NFC", Path(name).stem).casefold()


def _reason(folder: Path, name: str) -> str:
    """The reason why an image cannot be used, or the remark on one that can."""
    try:
        return decode(folder, name, LOOK)[1]
    except BrokenImage as reason:
        return str(reason)


def _width_by_height(path: Path) -> float:
    with Image.open(path) as image:
        return image.width / image.height
