"""Label Studio's exports of character spans, JSON or JSON-MIN: one post per page, with its scan as the image.

A page is not split into sentences, so no span is ever cut; an encoder reads a long page in windows. The text
is the task's ``text`` itself or, if that is a link, the file of that name below the export's folder or its
parent folder. The image is the file that ``image`` links to. The id and the group of a post are its
``page_name``, or else the number of its task.

A page is tokenized like new texts (``tokenize``). A token that a span touches belongs to the span as a whole.
If spans share a token, the longest is kept. The log lists every span that was widened or left out. White
space in a label becomes ``_``.
"""

from bisect import bisect, bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import regex

from mnerflow.data.formats._check import whole_characters
from mnerflow.data.formats._fields import identifier
from mnerflow.data.post import Post
from mnerflow.data.tags import OUTSIDE, entity_tags
from mnerflow.errors import UserError, quantity
from mnerflow.files.json_text import read_json
from mnerflow.files.paths import files_below
from mnerflow.files.reading import read_text
from mnerflow.log import logger

SPANS = True
# A file's name may have spaces. So may a text that begins with a link, but it does not end in `.txt`.
LINK = regex.compile(r"(https?://|/)(\S+|[^\n]+(?i:\.txt))")
INLINE = "inline"  # true in the data of a task whose text is itself, although it looks like a link
TABLE_CELL = regex.compile(r'\s*\[\s*\{[^\0]*"labels"')  # spans as text, which only a CSV export has
NO_TEXTS = ("image", "page_name", "id")
UNREAD = {"hypertextlabels", "paragraphlabels"}  # their positions are not offsets in a text
MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError)


def looks_like(start: str) -> bool:
    """Whether the start of a file is an export: a list of tasks, or of spans with a list of labels."""
    spans = '"start"' in start and '"labels"' in start
    task = '"annotations"' in start or regex.search(r'"data"\s*:\s*\{', start)
    return bool(regex.match(r"\[\s*\{", start) and (task or spans))


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of every page in the export, from 1, and its entry."""
    entries = read_json(path)
    if not isinstance(entries, list):
        raise UserError(f"{path}: a list of annotated pages is expected. Export from Label Studio as JSON.")
    yield from enumerate(entries, start=1)


def companions(path: Path) -> list[Path]:
    """The existing texts that an export's pages link to; empty if the export cannot be read."""
    try:
        pages = [entry.get("data", entry) for _, entry in records(path)]
        texts = [page.get("text") for page in pages if not page.get(INLINE)]
    except (UserError, *MALFORMED):
        return []
    return [file for text in texts if isinstance(text, str) for file in _linked(path, text)]


@dataclass(frozen=True, slots=True)
class AnnotatedText:
    """An annotated page: its name, text, spans (start, end and type) and the names of its images."""

    name: str
    text: str
    spans: list[tuple[int, int, str]]
    images: list[str]
    place: str


def annotated(path: Path, line: int, record: dict[str, Any]) -> AnnotatedText:
    """Read a page of an export.

    Raises ``UserError`` naming page and span for a field that is missing or wrong, a task without exactly one
    annotation, and a span that does not lie in the text or quotes a different text.
    """
    place = f"{path}: page {line}"
    try:
        page = plain(path, line, record)
        place = page.place
        values = _values(record, place)
    except MALFORMED as error:
        raise UserError(f"{place}: not an annotated page ({error!r}). Export as JSON or JSON-MIN.") from error
    with whole_characters(place):
        spans = [
            _span(value, page.text, f"{place}, span {number}") for number, value in enumerate(values, start=1)
        ]
    return replace(page, spans=spans)


def plain(path: Path, line: int, record: dict[str, Any]) -> AnnotatedText:
    """A page without its annotations, which may be absent; raises ``UserError`` as ``annotated`` does."""
    place = f"{path}: page {line}"
    try:
        data = record.get("data", record)
        named = data.get("page_name") not in ("", None)
        name = identifier(data, "page_name", place) if named else identifier(record, "id", place)
        place = f"{place}, {name!r}"
        text = data[_text_field(data)]
        text = text if data.get(INLINE) is True else _text(path, text, place)
        images = [_file_name(data["image"])] if data.get("image", "") not in ("", None) else []
    except MALFORMED as error:
        raise UserError(f"{place}: not an annotated page ({error!r}). Export as JSON or JSON-MIN.") from error
    return AnnotatedText(name, text, [], images, place)


def to_post(path: Path, line: int, record: dict[str, Any]) -> Post:
    """Build a post; raises ``UserError`` as ``annotated`` does."""
    from mnerflow.data.tokenizers import tokenize  # needs ICU, which other formats do not

    page = annotated(path, line, record)
    name, place = page.name, page.place
    tokens = tokenize(page.text)
    starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
    labels = [OUTSIDE] * len(tokens)
    for start, end, kind in sorted(page.spans, key=lambda span: (span[0] - span[1], span[0])):
        first, last = bisect(ends, start), bisect_left(starts, end)
        if any(label != OUTSIDE for label in labels[first:last]):
            logger.warning("%s: left out, another span has its tokens: %d–%d %s", place, start, end, kind)
            continue
        if starts[first] < start or ends[last - 1] > end:
            logger.warning("%s: widened to whole tokens: %d–%d %s", place, start, end, kind)
        labels[first:last] = entity_tags(kind, last - first)
    return Post(name, [page.text[start:end] for start, end in tokens], labels, page.images, group=name)


def _text_field(data: dict[str, Any]) -> str:
    """The field ``text``, or else the only other string that is not an image, a page name or an id."""
    others = [name for name, value in data.items() if isinstance(value, str) and name not in NO_TEXTS]
    return others[0] if "text" not in data and len(others) == 1 else "text"


def _values(record: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """The spans of a task as exported.

    JSON nests them in its annotations. JSON-MIN keeps them in a field named after the labelling control, and
    has no such field if there are no spans.
    """
    if "data" not in record:
        fields = {name: value for name, value in record.items() if name != "text" and _hold_spans(value)}
        if len(fields) > 1:
            names = " and ".join(fields)
            raise UserError(f"{place}: {names} both hold spans. Export those of one labelling control.")
        for name, value in fields.items():
            if not isinstance(value, list):
                raise UserError(
                    f"{place}: {name} holds spans, but is no list of them. Export as JSON-MIN again."
                )
        return next(iter(fields.values()), [])
    annotations = [one for one in record["annotations"] if not one.get("was_cancelled")]
    if len(annotations) != 1:
        raise UserError(
            f"{place}: {quantity(len(annotations), 'annotation')}, where one is expected. "
            "Export annotated tasks alone, and one annotation of each."
        )
    results = annotations[0]["result"]
    if not isinstance(results, list):
        raise TypeError("result is no list")
    if unread := sorted({result["type"] for result in results} & UNREAD):
        names = " and ".join(unread)
        raise UserError(f"{place}: {names} are not read. Annotate plain text: a Text with Labels.")
    return [result["value"] for result in results if result["type"] == "labels"]


def _hold_spans(value: Any) -> bool:
    """Whether a field contains spans, however nested or malformed; their errors are reported later."""
    if isinstance(value, list):
        return any(_hold_spans(one) or (isinstance(one, dict) and "start" in one) for one in value)
    if isinstance(value, dict):
        return "labels" in value or any(map(_hold_spans, value.values()))
    return isinstance(value, str) and bool(TABLE_CELL.match(value))


def _span(value: dict[str, Any], text: str, place: str) -> tuple[int, int, str]:
    """Start, end (exclusive) and entity type of a span that lies in ``text``."""
    try:
        start, end, label = place_of(value)
        kind, quoted = "_".join(label.split()), value.get("text")
    except MALFORMED as error:
        raise UserError(f"{place}: no start, end and one label ({error!r}). Mend the span.") from error
    if isinstance(quoted, str) and not _quotes(text[start:end], quoted):
        # Label Studio counts UTF-16 units, as JavaScript does: an emoji counts twice.
        units = text.encode("utf-16-le")
        first, last = (len(units[: 2 * offset].decode("utf-16-le", "ignore")) for offset in (start, end))
        if _quotes(text[first:last], quoted):
            start, end = first, last
    if not 0 <= start < end <= len(text):
        raise UserError(
            f"{place}: the span {start}–{end} does not lie in its text of "
            f"{quantity(len(text), 'character')}. Was the text changed after it was annotated?"
        )
    there = text[start:end]
    if not there.strip():
        raise UserError(f"{place}: the span {start}–{end} holds white space alone. Remove it.")
    if isinstance(quoted, str) and not _quotes(there, quoted):
        raise UserError(
            f"{place}: the span {start}–{end} quotes {quoted[:60]!r}, but {there[:60]!r} stands there. "
            "Was the text changed after it was annotated?"
        )
    return start, end, kind


def place_of(value: dict[str, Any]) -> tuple[int, int, str]:
    """Start, end and label of an exported span; raises one of ``MALFORMED`` for anything else."""
    start, end, labels = value["start"], value["end"], value["labels"]
    if type(start) is not int or type(end) is not int:
        raise TypeError(f"{start!r} to {end!r} are no whole numbers")
    if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
        raise TypeError(f"{labels!r} is not a list of one label")
    return start, end, labels[0]


def _quotes(there: str, quoted: str) -> bool:
    return "".join(quoted.split()) == "".join(there.split())


def _text(path: Path, text: str, place: str) -> str:
    if not LINK.fullmatch(text):
        return text
    name, found = _file_name(text), _linked(path, text)
    if len(found) > 1:
        raise UserError(
            f"{place}: the text {name!r} lies below {path.parent} or the folder around it {len(found)} "
            "times. Keep one."
        )
    if not found:
        raise UserError(f"{place}: the text {name!r} does not lie below {path.parent.parent}. Put it there.")
    return read_text(found[0])


def _linked(path: Path, text: str) -> list[Path]:
    """The files that a text may link to; those below the export's own folder take precedence."""
    if not LINK.fullmatch(text):
        return []
    name = _file_name(text)
    return _files_below(path.parent)[name] or _files_below(path.parent.parent)[name]


@cache
def _files_below(folder: Path) -> defaultdict[str, list[Path]]:
    """All files below a folder by their names; listed once, not once per page."""
    files = defaultdict(list)
    for file in files_below(folder):
        files[file.name].append(file)
    return files


def _file_name(link: str) -> str:
    """The name at the end of a link, or of a plain path."""
    if "://" not in link and not link.startswith("/"):
        return PurePosixPath(link).name
    parts = urlsplit(link)
    path = unquote(parts.path)
    if path.endswith("/local-files/"):  # a link to a file on Label Studio's own machine
        path = parse_qs(parts.query).get("d", [path])[0]
    return PurePosixPath(path).name
