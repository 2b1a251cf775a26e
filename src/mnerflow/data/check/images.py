"""Problems of the images that posts name."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from os import cpu_count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
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


def _check_files(findings: Findings, folder: Path, users: Places) -> list[str]:
    """Check the images in ``folder`` that posts name; return the others."""
    shapes: list[float] = []
    problematic: list[tuple[str, Place, int, str]] = []
    workers = cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        names = (name for name, _, _ in users)
        reasons = map_in_order(pool, partial(_reason, folder), names, ahead=8 * workers)
        for (name, place, times), reason in zip(users, reasons, strict=True):
            if reason:
                problematic.append((name, place, times, reason))
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
    near = {_stem(name): "" for name, *_, reason in problematic if reason == "missing"}
    spelt = {str(Path(name)) for name, _, _ in users if str(Path(name)) != name}
    unused = []
    for file in each_file_below(folder):
        name = str(file.relative_to(folder))
        if (stem := _stem(name)) in near:
            near[stem] = min(near[stem] or name, name)
        if name.lower().endswith(IMAGE_SUFFIXES) and name not in users and name not in spelt:
            unused.append(name)
    for name, place, times, reason in problematic:
        if reason == NO_END:
            problem = Problem(
                f"{place}: image {name!r} lacks only the mark that ends a JPEG",
                "The image is read. To be sure that it is complete, save it or fetch it again.",
                False,
            )
        else:
            like = near[_stem(name)] if reason == "missing" else ""
            hint = f"; there is {like!r}" if like else ""
            others = f" (and {times - 1} more)" if times > 1 else ""
            problem = Problem(
                f"{place}{others}: image {name!r} is {reason}{hint}",
                "Replace it. Else a blank image is used, unless you set `images: {broken: fail}` or `drop`.",
                False,
            )
        findings.problems.append(problem)
    if not findings.images:
        what = f"{findings.place}: no usable image among {len(users):,}"
        findings.problems.append(Problem(what, "Replace the images, or use only text_only."))
    else:
        named = {
            split: (name for post in posts for name in post.images)
            for split, posts in findings.splits.items()
        }
        for split in splits_without_images(
            named, {name for name, *_, reason in problematic if reason != NO_END}
        ):
            what = f"{findings.name(split)}: not one of the images that it names can be used"
            findings.problems.append(Problem(what, "Replace the images, or use only text_only."))
    return sorted(unused)


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
