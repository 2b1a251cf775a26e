"""Label Studio's JSON-MIN export: the annotated character spans of each page's text."""

from dataclasses import dataclass
from pathlib import Path

from mnerflow.data.formats._fields import identifier
from mnerflow.data.formats.label_studio import MALFORMED, place_of
from mnerflow.data.offsets import Span
from mnerflow.errors import UserError
from mnerflow.files.json_text import read_json

AGAIN = "Download the data again."


@dataclass(frozen=True, slots=True)
class AnnotatedPage:
    """The spans of one page's text, sorted by start, and the collection that the page belongs to."""

    name: str
    collection: str
    spans: list[Span]


def read_export(path: Path) -> list[AnnotatedPage]:
    """Read the pages of an export, in order.

    Raises ``UserError`` naming file and page if an entry is malformed or a page occurs twice.
    """
    pages: dict[str, AnnotatedPage] = {}
    entries = read_json(path, AGAIN)
    if not isinstance(entries, list):
        raise UserError(f"{path}: no list of annotated pages, as Label Studio's JSON-MIN has. {AGAIN}")
    for number, entry in enumerate(entries, start=1):
        try:
            spans = [place_of(span) for span in entry["ner"]]
            spans.sort(key=lambda span: span[:2])
            place = f"{path}: entry {number}"
            name, collection = (identifier(entry, key, place) for key in ("page_name", "document_name"))
            page = AnnotatedPage(name, collection, spans)
        except MALFORMED as error:
            raise UserError(f"{path}: entry {number}: not an annotated page ({error!r}). {AGAIN}") from error
        if page.name in pages:
            raise UserError(f"{path}: entry {number}: the page {page.name!r} is annotated twice. {AGAIN}")
        pages[page.name] = page
    return list(pages.values())
