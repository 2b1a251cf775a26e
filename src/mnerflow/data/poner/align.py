"""Find each sentence of PONER's published CoNLL splits on the page it was taken from.

The published splits are shuffled, but ``poner.conll`` contains the same sentences in page order. Without
white space it equals, character for character, the text of the PAGE XML lines in the order of the Label
Studio export. So each sentence is looked up there, and its offset in this stream of characters identifies its
lines. Only exact matches count.
"""

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from mnerflow.data.formats import parse
from mnerflow.data.offsets import Span
from mnerflow.data.pages.layout import read_layout
from mnerflow.data.pages.page import Page
from mnerflow.data.pages.stream import Stream, characters, entities
from mnerflow.data.poner.label_studio import AGAIN, read_export
from mnerflow.data.post import SPLITS, Post
from mnerflow.errors import UserError
from mnerflow.files.paths import inside

EXPORT = "label_studio_annotations/label_studio_annotations_export.json"

PLACED = "placed"
AMBIGUOUS = "ambiguous"
NO_SCAN = "no scan"
NOT_FOUND = "not found"
STATUSES = (PLACED, AMBIGUOUS, NO_SCAN, NOT_FOUND)


@dataclass(frozen=True)
class PonerPage(Page):
    """A page of PONER, with its collection and its text file."""

    collection: str
    text_file: Path


@dataclass(slots=True)
class PlacedSentence:
    """A sentence of a published split and where it lies on the pages.

    ``lines`` are ``(page name, line id)`` in reading order. ``status`` is one of ``STATUSES``:
    ``ambiguous`` means that the same sentence with the same labels occurs in several places, and nothing
    says which of them is this one. Each copy is assigned its own place, in reading order. So its crop shows
    its words, and the data set as a whole is exact.
    """

    split: str
    post: Post
    lines: list[tuple[str, str]]
    status: str
    copies: int

    @property
    def pages(self) -> list[str]:
        """Names of the pages it lies on, in reading order: one, or two if it crosses a page break."""
        return list(dict.fromkeys(page for page, _ in self.lines))

    @property
    def has_images(self) -> bool:
        """Whether all its lines can be cut out of a scan."""
        return self.status in (PLACED, AMBIGUOUS)


@dataclass(frozen=True, slots=True)
class Placement:
    """All pages by name, all sentences in published order, and what the published splits leave out.

    ``entities`` are ``(start, end, type)`` of all entities, as offsets in the stream of characters.
    """

    pages: dict[str, PonerPage]
    sentences: list[PlacedSentence]
    left_out: list[str]
    entities: set[Span]


def place(raw: Path) -> Placement:
    """Find every published sentence on its page; ``raw`` is the folder ``data`` of the PONER repository.

    Post ids are ``<published split>-<number from 1>``. Raises ``UserError`` when a file is missing or
    malformed, or when ``poner.conll`` is not the text of the pages.
    """
    raw = Path(raw)
    pages = _read_pages(raw)
    stream = Stream.of(((page.name, line.id), line.text) for page in pages.values() for line in page.lines)

    whole = raw / "conll/poner.conll"
    places = defaultdict(list)
    found: set[Span] = set()
    start = 0
    for number, post in enumerate(parse("conll", whole), start=1):
        text = "".join(map(characters, post.tokens))
        if not stream.text.startswith(text, start):
            there = "/".join(stream.line_at(start)) if start < len(stream.text) else "the end of all pages"
            raise UserError(
                f"{whole}: sentence {number} ({' '.join(post.tokens)[:60]!r}) is not what stands at {there}. "
                "Take the CoNLL files and the page XML from the same release."
            )
        found |= entities(post, start)
        places[_content(post)].append(stream.between(start, start + len(text)))
        start += len(text)

    copies = {content: len(found) for content, found in places.items()}
    sentences = []
    for split in SPLITS:
        for number, post in enumerate(parse("conll", raw / f"conll/poner_{split}.conll"), start=1):
            post.id, post.language = f"{split}-{number}", "cs"
            content = _content(post)
            here = places[content].pop(0) if places.get(content) else []
            if not here:
                status = NOT_FOUND
            elif any(pages[page].scan is None for page, _ in here):
                status = NO_SCAN
            else:
                status = PLACED if copies[content] == 1 else AMBIGUOUS
            sentences.append(PlacedSentence(split, post, here, status, copies.get(content, 0)))
    left_out = [" ".join(tokens) for (tokens, _), rest in places.items() for _ in rest]
    return Placement(pages, sentences, left_out, found)


def _read_pages(raw: Path) -> dict[str, PonerPage]:
    """The annotated pages in the order of the export; file names may be composed or decomposed Unicode."""
    source = raw / "source_data"
    files = {unicodedata.normalize("NFC", path.name): path for path in sorted(source.rglob("*"))}
    pages = {}
    for entry in read_export(raw / EXPORT):
        name = entry.name
        if inside(source, name).name != name:
            raise UserError(f"{raw / EXPORT}: the page name {name!r} is not a plain file name. {AGAIN}")
        xml = files.get(f"{name}_page.xml") or files.get(f"{name}.xml")
        text = files.get(f"{name}.txt")
        if xml is None or text is None:
            raise UserError(f"{source}: no .xml or no .txt of the page {name!r}. {AGAIN}")
        layout = read_layout(xml)
        if layout is None or any(line.box is None for line in layout.lines):
            raise UserError(f"{xml}: no PAGE XML with a polygon for every line. {AGAIN}")
        pages[name] = PonerPage(name, xml, layout, files.get(f"{name}.jpg"), entry.collection, text)
    return pages


def _content(post: Post) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(post.tokens), tuple(post.labels)
