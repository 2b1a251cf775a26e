"""Label Studio's JSON-MIN export of character spans: a post a page, with its scan as the image.

A page is not cut into sentences, so no span is ever cut; an encoder reads a long page in windows. The
text is the export's ``text`` itself or, where that is a link, the file of that name below the folder
that holds the export's folder; the image is the file that ``image`` links to.

Tokens are runs of word characters, and every other sign that shows. A token that a span touches is in
it whole; where spans overlap, the longer one counts. White space in a label becomes ``_``.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from mnerflow.data.formats._check import check_post
from mnerflow.data.post import Post
from mnerflow.data.tags import OUTSIDE
from mnerflow.errors import UserError
from mnerflow.files import read_json, read_text

TOKEN = re.compile(r"\w+|[^\w\s]")
LINK = re.compile(r"(https?://|/)[^\n]+")


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of every page in the export, from 1, and its entry."""
    entries = read_json(path)
    if not isinstance(entries, list):
        raise UserError(f"{path}: a list of annotated pages is expected (Label Studio's JSON-MIN export).")
    yield from enumerate(entries, start=1)


def to_post(path: Path, line: int, record: dict[str, Any]) -> Post:
    """Build a post; raises ``UserError`` for a field that is missing and for a span outside the text."""
    place = f"{path}: page {line}"
    try:
        name = str(record.get("page_name") or record["id"])
        spans = [(int(span["start"]), int(span["end"]), span["labels"][0]) for span in record.get("ner", [])]
        text = _text(path, record["text"], place)
        images = [_file_name(record["image"])] if record.get("image") else []
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{place}: not an annotated page ({error!r}). Export as JSON-MIN.") from error
    tokens = list(TOKEN.finditer(text))
    labels = [OUTSIDE] * len(tokens)
    taken = [False] * len(tokens)
    for start, end, label in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if not 0 <= start < end <= len(text):
            raise UserError(
                f"{place}, {name!r}: the span {start}–{end} does not lie in its text of {len(text)} "
                "characters. Was the text changed after it was annotated?"
            )
        inside = [i for i, token in enumerate(tokens) if token.start() < end and token.end() > start]
        if any(taken[index] for index in inside):
            continue
        kind = "_".join(label.split())
        for index in inside:
            labels[index] = f"{'B' if index == inside[0] else 'I'}-{kind}"
            taken[index] = True
    return check_post(Post(name, [token[0] for token in tokens], labels, images), path, line)


def _text(path: Path, text: str, place: str) -> str:
    if not LINK.fullmatch(text):
        return text
    found = sorted(path.parent.parent.rglob(_glob_escape(_file_name(text))))
    if not found:
        raise UserError(
            f"{place}: the text {_file_name(text)!r} does not lie below {path.parent.parent}. Put it there."
        )
    return read_text(found[0])


def _file_name(link: str) -> str:
    return PurePosixPath(unquote(urlsplit(link).path)).name


def _glob_escape(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)
