"""PAGE and ALTO XML: the text lines of a page in reading order, each with its text, names and position.

The root element says which of the two formats a file has, whatever the version of its namespace. Entities are
never expanded: a file that declares one is refused.
"""

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from xml.parsers import expat

from mnerflow.errors import UserError, quantity
from mnerflow.files.reading import read_bytes

Box = tuple[int, int, int, int]
Points = list[tuple[float, float]]

# Tags of Transkribus that say how a text is written rather than what it names.
NO_NAMES = {
    *(
        "readingOrder",
        "structure",
        "textStyle",
        "abbrev",
        "add",
        "blackening",
        "comment",
        "div",
        "gap",
        "sic",
    ),
    *("speech", "supplied", "unclear"),
}
CUSTOM = re.compile(r"([^\s{};]+)\s*\{([^}]*)\}")
NUMBER = re.compile(r"[+-]?[0-9]{1,6}(\.[0-9]{1,12})?")
PARTED = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Name:
    """A name that covers the characters ``start`` to ``end`` (exclusive) of a line.

    ``joins`` is a key that it shares with its rest on the line before or after; empty if it is complete.
    """

    start: int
    end: int
    kind: str
    joins: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A text line; ``box`` is ``(left, top, right, bottom)`` in pixels of the layout, ``None`` if off it."""

    id: str
    text: str
    box: Box | None
    names: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a page, and the size of the image that their boxes refer to.

    ``image`` is the name of that image as given in the file. ``untranscribed`` counts the lines without text.
    """

    width: int
    height: int
    lines: list[Line]
    image: str = ""
    untranscribed: int = 0


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where a line lies: within its outline or, if it has none, on its baseline."""

    outline: Points
    baseline: Points


def read_layout(path: Path) -> Layout | None:
    """Read the lines of a page in its reading order or, if it states none, in file order.

    Returns ``None`` for XML that is neither PAGE nor ALTO. Raises ``UserError`` naming the file, and the line
    if there is one, for malformed XML, an entity, a malformed size or number of a polygon, a line id that
    occurs twice or cannot be a file name, and a name that does not lie in its line.
    """
    root = read_xml(path)
    reader = READERS.get(_tag(root))
    return reader(root, path) if reader else None


def read_xml(path: Path) -> ET.Element:
    """The root element of a file; raises ``UserError`` for one that is malformed or declares entities."""
    data = read_bytes(path)

    def refuse(*_: object) -> None:
        raise UserError(f"{path}: it declares an entity, which is never expanded. Remove its DOCTYPE.")

    try:
        parser = expat.ParserCreate()
        parser.EntityDeclHandler = refuse
        parser.Parse(data, True)
        return ET.fromstring(data)
    except (ET.ParseError, expat.ExpatError, ValueError, LookupError) as error:
        raise UserError(
            f"{path}: not readable XML ({error}). If its encoding is not UTF-8, its first line is to say so; "
            "else fetch the file again."
        ) from error


def _page_xml(root: ET.Element, path: Path) -> Layout:
    page = _only_page(root.findall("{*}Page"), path)
    width, height = (_size(page.get(side), f"{path}: {side}") for side in ("imageWidth", "imageHeight"))
    read = []
    for element in _in_order(page, page.find("{*}ReadingOrder")):
        text = _page_text(element)
        place = f"{path}: line {element.get('id')}"
        shape = _Shape(
            _page_points(element.find("{*}Coords"), place), _page_points(element.find("{*}Baseline"), place)
        )
        names = [*_transkribus_names(element.get("custom", ""), text, place)] if text.strip() else []
        read.append((element.get("id"), text, shape, names))
    return _layout(read, width, height, page.get("imageFilename", ""), path)


def _page_text(line: ET.Element) -> str:
    """The text of a line, or else its words joined by spaces."""
    texts = line.findall("{*}TextEquiv")
    if texts:
        return min(texts, key=_index).findtext("{*}Unicode") or ""
    return " ".join(filter(None, (word.findtext("{*}TextEquiv/{*}Unicode") for word in line.iter("{*}Word"))))


def _page_points(element: ET.Element | None, place: str) -> Points:
    """The points of the attribute ``points`` or, in files from before 2013, of the elements ``Point``."""
    if element is None:
        return []
    old = " ".join(f"{point.get('x')},{point.get('y')}" for point in element.iterfind("{*}Point"))
    return _points(element.get("points", old), place)


def _transkribus_names(custom: str, text: str, place: str) -> Iterator[Name]:
    """Yield the names in an attribute such as ``person {offset:0; length:5; continued:true;}``."""
    for kind, inner in CUSTOM.findall(custom):
        values = dict(part.split(":", 1) for part in inner.replace(" ", "").split(";") if ":" in part)
        if kind in NO_NAMES or not {"offset", "length"} <= values.keys():
            continue
        said = f"{kind} {{{inner.strip()}}}"
        if not all(re.fullmatch("[0-9]{1,6}", values[key]) for key in ("offset", "length")):
            raise UserError(f"{place}: {said[:80]!r} has no offset and length. Mend the tag.")
        start = int(values["offset"])
        first, last = (_characters(text, offset) for offset in (start, start + int(values["length"])))
        if first is None or last is None or not text[first:last].strip():
            raise UserError(
                f"{place}: {said[:80]!r} holds no word of its text of {quantity(len(text), 'character')}. "
                "Was the text changed after it was tagged?"
            )
        yield Name(first, last, kind, kind if values.get("continued") == "true" else "")


def _characters(text: str, units: int) -> int | None:
    """Characters in the first ``units`` of UTF-16, which Transkribus counts; ``None`` if there are fewer."""
    encoded = text.encode("utf-16-le")
    return len(encoded[: 2 * units].decode("utf-16-le", "ignore")) if 2 * units <= len(encoded) else None


def _alto(root: ET.Element, path: Path) -> Layout:
    page = _only_page(root.findall("{*}Layout/{*}Page"), path)
    width, height = (_size(page.get(side), f"{path}: {side}") for side in ("WIDTH", "HEIGHT"))
    kinds = {
        tag.get("ID", ""): "_".join((tag.get("TYPE") or tag.get("LABEL") or "").split())
        for tag in root.iterfind("{*}Tags/{*}NamedEntityTag")
    }
    read = []
    for element in _in_order(page, root.find("{*}Layout/{*}ReadingOrder")):
        place = f"{path}: line {element.get('ID')}"
        text, names = _alto_text(element, kinds, place)
        polygon = element.find("{*}Shape/{*}Polygon")
        outline = _points("" if polygon is None else polygon.get("POINTS", ""), place)
        baseline = element.get("BASELINE", "")
        shape = _Shape(
            outline or _alto_box(element, place),
            [] if NUMBER.fullmatch(baseline) else _points(baseline, place),
        )
        read.append((element.get("ID"), text, shape, names))
    image = root.findtext("{*}Description/{*}sourceImageInformation/{*}fileName") or ""
    return _layout(read, width, height, image.strip(), path)


def _alto_text(line: ET.Element, kinds: dict[str, str], place: str) -> tuple[str, list[Name]]:
    """Text and names of a line: adjacent strings with the same tag are one name.

    Strings are separated by a space, unless the line says where its spaces are.
    """
    spaced = line.find("{*}SP") is not None
    text, open_tag = "", ""
    names: list[Name] = []
    for part in line:
        match _tag(part):
            case "SP":
                text += " "
            case "HYP":
                text += part.get("CONTENT", "-")
            case "String":
                text += " " if text and not spaced else ""
                start, text = len(text), text + part.get("CONTENT", "")
                tag = next((tag for tag in part.get("TAGREFS", "").split() if tag in kinds), "")
                if tag and not kinds[tag]:
                    raise UserError(f"{place}: the NamedEntityTag {tag!r} has no TYPE. Give it one.")
                tag = tag if text[start:].strip() else ""
                if tag:
                    if tag == open_tag:
                        start = names.pop().start
                    names.append(Name(start, len(text), kinds[tag], tag))
                open_tag = tag
    return text, names


def _alto_box(line: ET.Element, place: str) -> Points:
    sides = [line.get(side) for side in ("HPOS", "VPOS", "WIDTH", "HEIGHT")]
    if None in sides:
        return []
    (left, top), (width, height) = _points(" ".join(filter(None, sides)), place) or [(0, 0), (0, 0)]
    return [(left, top), (left + width, top), (left + width, top + height)] if min(width, height) > 0 else []


READERS: dict[str, Callable[[ET.Element, Path], Layout]] = {"PcGts": _page_xml, "alto": _alto}


def _tag(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _only_page(pages: list[ET.Element], path: Path) -> ET.Element:
    if len(pages) != 1:
        raise UserError(f"{path}: elements Page: {len(pages)}, where one is expected. Give each page a file.")
    return pages[0]


def _in_order(page: ET.Element, order: ET.Element | None) -> Iterator[ET.Element]:
    """Yield text lines by the rank of their region; lines of regions without a rank come last."""
    ranks = _ranks(order)
    found = []
    waiting = [(page, len(ranks))]
    while waiting:  # not recursive, since a file may be nested too deep
        element, rank = waiting.pop()
        rank = ranks.get(element.get("id") or element.get("ID") or "", rank)
        if _tag(element) == "TextLine":
            found.append((rank, element))
        else:
            lines = iter(sorted((child for child in element if _tag(child) == "TextLine"), key=_line_index))
            children = [next(lines) if _tag(child) == "TextLine" else child for child in element]
            waiting += [(child, rank) for child in reversed(children)]
    yield from (element for _, element in sorted(found, key=lambda pair: pair[0]))


def _ranks(order: ET.Element | None) -> dict[str, int]:
    """The rank of each region in a reading order, by the region's id."""
    ranks: dict[str, int] = {}
    waiting = [] if order is None else [order]
    while waiting:
        group = waiting.pop()
        if region := group.get("regionRef") or group.get("REF"):
            ranks.setdefault(region, len(ranks))
        children = sorted(group, key=_index)
        waiting += reversed(children)
    return ranks


def _index(element: ET.Element) -> int:
    index = element.get("index", "")
    return int(index) if re.fullmatch("[0-9]{1,6}", index) else 0


def _line_index(line: ET.Element) -> int:
    """The position of a line in its region, as Transkribus writes it; 0 if it does not."""
    found = re.search(r"readingOrder\s*\{\s*index:([0-9]{1,6});", line.get("custom", ""))
    return int(found[1]) if found else 0


def _layout(
    read: list[tuple[str | None, str, _Shape, list[Name]]], width: int, height: int, image: str, path: Path
) -> Layout:
    tall = _line_height([shape for _, _, shape, _ in read], height)
    lines = []
    for number, (given, text, shape, names) in enumerate(read, start=1):
        if text.strip():
            name = f"line-{number}" if given is None else given
            if not re.fullmatch(r"\w[\w.-]*", name):
                raise UserError(
                    f"{path}: the line id {name!r} is not letters, digits, '-', '_' and '.'. Rename the line."
                )
            lines.append(Line(name, text, _box(shape, tall, width, height), tuple(names)))
    if len({line.id for line in lines}) < len(lines):
        raise UserError(f"{path}: two lines have the same id. Give every line an id of its own.")
    return Layout(width, height, lines, re.split(r"[/\\]", image)[-1], len(read) - len(lines))


def _box(shape: _Shape, tall: float, width: int, height: int) -> Box | None:
    """The box of a line; ``None`` if it has no extent or lies off the page."""
    if _has_extent(shape.outline):
        x, y = zip(*shape.outline, strict=True)
        box = math.floor(min(x)), math.floor(min(y)), math.ceil(max(x)), math.ceil(max(y))
    elif len(shape.baseline) > 1:
        x, y = zip(*shape.baseline, strict=True)
        box = (
            math.floor(min(x)),
            math.floor(min(y) - 0.8 * tall),
            math.ceil(max(x)),
            math.ceil(max(y) + 0.3 * tall),
        )
    else:
        return None
    on_page = box[0] < width and box[1] < height and box[2] > 0 and box[3] > 0
    return box if on_page and box[0] < box[2] else None


def _has_extent(outline: Points) -> bool:
    """Whether an outline has three points or more and is not a mere stroke."""
    return len(outline) > 2 and all(len({*values}) > 1 for values in zip(*outline, strict=True))


def _line_height(shapes: Iterable[_Shape], height: int) -> float:
    """The height of lines that have only a baseline: that of other lines, or the distance of baselines."""
    shapes = [*shapes]
    heights = [[y for _, y in shape.outline] for shape in shapes if _has_extent(shape.outline)]
    tall = [max(y) - min(y) for y in heights]
    lowest = sorted(max(y for _, y in shape.baseline) for shape in shapes if shape.baseline)
    apart = [below - above for above, below in pairwise(lowest) if below > above]
    return median(tall or apart or [height / 40])


def _size(value: str | None, place: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{,5}(\.[0-9]{1,12})?", value or ""):
        raise UserError(f"{place} is {(value or '')[:40]!r}. Write a positive number of pixels.")
    return int(float(value or 0))


def _points(points: str, place: str) -> Points:
    """Pairs of numbers, separated by commas or white space."""
    numbers = PARTED.split(points.strip()) if points.strip() else []
    if len(numbers) % 2 or not all(map(NUMBER.fullmatch, numbers)):
        raise UserError(f"{place}: points={points[:40]!r} is no polygon. Write one as '10,20 30,20 30,40'.")
    values = [float(number) for number in numbers]
    return [*zip(values[::2], values[1::2], strict=True)]
