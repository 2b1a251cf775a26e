"""Problems of the images that posts name."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from unicodedata import normalize

from PIL import Image

from mnerflow.data.check.findings import Findings, Problem
from mnerflow.data.formats import cuts_images, holds_images, write_images
from mnerflow.data.image import NO_END, BrokenImage, decode
from mnerflow.data.post import IMAGE_SUFFIXES
from mnerflow.errors import UserError, quantity
from mnerflow.files import files_below

LOOK = 32  # pixels a side to which an image is decoded, enough to meet any damage
STRIP = 4  # times as wide as high, from which a square shows too little of an image
MEASURED = 200  # images whose shapes are looked at


def problems_of_images(findings: Findings) -> Iterator[Problem]:
    """Every problem of the images; how many can be used, and whether they are strips, is noted beside."""
    folder = findings.folder / "images"
    users: dict[str, list[str]] = defaultdict(list)
    without = []
    for place, post in findings.posts():
        for name in post.images:
            users[name].append(place)
        if not post.images:
            without.append(place)
    if not users:
        return
    if cuts_images(findings.format):  # lines of text, whose reader lists those without an image
        findings.images, findings.strips = len(users), True
        return
    for place in without:
        yield Problem(f"{place} has no image", "The post stays, and is read without an image.", False)
    paths = [findings.folder / name for names in findings.files.values() for name in names]
    if holds_images(findings.format, paths):
        with TemporaryDirectory() as scratch:
            try:
                write_images(findings.format, paths, Path(scratch) / "images")
            except UserError as error:
                if (problem := Problem.of(error)) not in findings.problems:
                    yield problem
            else:
                yield from _problems_of_files(findings, Path(scratch) / "images", users)
        return
    if not folder.is_dir():
        what = f"{folder}: no such folder, but {quantity(len(users), 'image is', 'images are')} named"
        yield Problem(what, "Put the images there, or ask for text_only.")
        return
    yield from _problems_of_files(findings, folder, users)
    for name in sorted(_files_in(folder) - {str(Path(name)) for name in users}):
        if name.lower().endswith(IMAGE_SUFFIXES):
            yield Problem(f"{folder / name} belongs to no post", "It is left out.", False)


def _problems_of_files(findings: Findings, folder: Path, users: dict[str, list[str]]) -> Iterator[Problem]:
    """Every problem of the files in ``folder``; ``users`` are the posts that name each image."""
    with ThreadPoolExecutor(cpu_count()) as pool:
        reasons = list(pool.map(lambda name: _reason(folder, name), users))
    usable = [name for name, reason in zip(users, reasons, strict=True) if reason in ("", NO_END)]
    if shapes := [_width_by_height(folder / name) for name in usable[:MEASURED]]:
        findings.strips = median(shapes) >= STRIP
    if findings.strips:
        findings.notes.append(
            f"Half of the images are at least {median(shapes):.0f} times as wide as high: `fit: wrap` cuts "
            "them into rows, of which a square shows more."
        )
    by_stem = {_stem(name): name for name in sorted(_files_in(folder), reverse=True)}
    for name, reason in zip(users, reasons, strict=True):
        if reason == NO_END:
            yield Problem(
                f"{users[name][0]}: image {name!r} lacks the mark that ends a JPEG, and nothing else",
                "It is read. Save it anew, or fetch it again, if its end should be sure.",
                False,
            )
        elif reason:
            near = by_stem.get(_stem(name)) if reason == "missing" else None
            hint = f"; there is {near!r}" if near else ""
            others = f" (and {len(users[name]) - 1} more)" if len(users[name]) > 1 else ""
            yield Problem(
                f"{users[name][0]}{others}: image {name!r} is {reason}{hint}",
                "Mend it. A blank image stands in, unless `images: {broken: fail}` or `drop` is chosen.",
                False,
            )
    findings.images = len(usable)
    if not usable:
        yield Problem(
            f"{findings.place}: not one of {quantity(len(users), 'image')} can be used",
            "Mend the images, or ask for text_only.",
        )


def _files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in files_below(folder)}


def _stem(name: str) -> str:
    return normalize("NFC", Path(name).stem).casefold()


def _reason(folder: Path, name: str) -> str:
    """Why an image cannot be used, or the remark on one that can."""
    try:
        return decode(folder, name, LOOK)[1]
    except BrokenImage as reason:
        return str(reason)


def _width_by_height(path: Path) -> float:
    with Image.open(path) as image:
        return image.width / image.height
