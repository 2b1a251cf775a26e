"""Label Studio's JSON-MIN export: the annotated character spans of each page text."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from mnerflow.data.formats._fields import identifier
from mnerflow.data.formats.label_studio import MALFORMED, place_of
from mnerflow.errors import UserError
from mnerflow.files import read_json


@dataclass(frozen=True, slots=True)
class Span:
    """An entity on characters ``start`` to ``end`` (exclusive) of the page text, as annotated."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class AnnotatedPage:
    """The spans of one page, by start, and the collection that the page belongs to."""

    name: str
    collection: str
    spans: list[Span]


def read_export(path: Path) -> list[AnnotatedPage]:
    """Read the pages of an export in its order.

    Raises ``UserError`` naming file and page when an entry is malformed or a page stands twice in it.
    """
    pages: dict[str, AnnotatedPage] = {}
    entries = read_json(path)
    if not isinstance(entries, list):
        raise UserError(f"{path}: a list of annotated pages is expected (Label Studio's JSON-MIN export).")
    for number, entry in enumerate(entries, start=1):
        try:
            spans = [Span(*place_of(span)) for span in entry["ner"]]
            spans.sort(key=lambda span: (span.start, span.end))
            place = f"{path}: entry {number}"
            names = (identifier(entry, name, place) for name in ("page_name", "document_name"))
            page = AnnotatedPage(*names, spans)
        except MALFORMED as error:
            raise UserError(f"{path}: entry {number}: not an annotated page ({error!r}).") from error
        if page.name in pages:
            raise UserError(f"{path}: entry {number}: the page {page.name!r} is annotated twice.")
        pages[page.name] = page
    return list(pages.values())


def without_white_space(text: str, spans: Iterable[Span]) -> list[Span]:
    """The spans as they lie in ``text`` without its white space.

    A span that ends in white space ends at its last letter there, and a tokeniser changes no offset.
    Raises ``UserError`` for a span that does not lie in the text.
    """
    offsets = [0, *accumulate(not character.isspace() for character in text)]
    moved = []
    for span in spans:
        if not 0 <= span.start < span.end < len(offsets):
            raise UserError(f"{span} does not lie in its page text of {len(text)} characters.")
        moved.append(Span(offsets[span.start], offsets[span.end], span.label))
    return moved
