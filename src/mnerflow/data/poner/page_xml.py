"""PAGE XML: the text lines of a page, in reading order, each with its text and its place on the scan."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from mnerflow.errors import UserError
from mnerflow.files import read_bytes

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One text line; ``box`` is ``(left, top, right, bottom)`` of its polygon, in pixels of the layout."""

    id: str
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a page and the size, in pixels, of the image that their boxes refer to."""

    width: int
    height: int
    lines: list[Line]


def read_layout(path: Path) -> Layout:
    """Read the lines that have text, in document order, which is the reading order of Pero OCR.

    Raises ``UserError`` naming the file, and the line where there is one, when the file is missing or
    malformed, a size or a polygon is missing, or a line's id stands twice or cannot
    serve as a file name.
    """
    try:
        root = ET.fromstring(read_bytes(path))
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UserError(f"{path}: not readable XML ({error}). Download the file again.") from error
    page = root.find("{*}Page")
    if page is None:
        raise UserError(f"{path}: no <Page> element. A PAGE XML file is expected.")
    width, height = (_size(page.get(side), f"{path}: {side}") for side in ("imageWidth", "imageHeight"))
    lines = []
    for element in page.iterfind(".//{*}TextLine"):
        text = element.findtext("{*}TextEquiv/{*}Unicode") or ""
        if text.strip():
            name = element.get("id", "")
            if not re.fullmatch(r"\w[\w.-]*", name):
                raise UserError(f"{path}: the line id {name!r} is not letters, digits, '-', '_' and '.'.")
            coordinates = element.find("{*}Coords")
            points = "" if coordinates is None else coordinates.get("points", "")
            lines.append(Line(name, text, _bounding_box(points, f"{path}: line {name}")))
    if len({line.id for line in lines}) < len(lines):
        raise UserError(f"{path}: two lines have the same id. Give every line an id of its own.")
    return Layout(width, height, lines)


def _size(value: str | None, place: str) -> int:
    if not re.fullmatch("0*[1-9][0-9]{,5}", value or ""):
        raise UserError(f"{place} is {(value or '')[:40]!r}. A positive whole number of pixels is expected.")
    return int(value)


def _bounding_box(points: str, place: str) -> Box:
    pairs = [re.fullmatch("(-?[0-9]{1,6}),(-?[0-9]{1,6})", point) for point in points.split()]
    if not pairs or None in pairs:
        raise UserError(f"{place}: points={points[:40]!r} is not a polygon like '10,20 30,20 30,40'.")
    x, y = zip(*(map(int, pair.groups()) for pair in pairs if pair), strict=True)
    return min(x), min(y), max(x), max(y)
