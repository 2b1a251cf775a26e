"""brat's standoff: a text ``x.txt`` with annotations ``x.ann``; a split is such a pair or a folder of them.

A post is a sentence within a line. Sentences and lines that share a name stay together. ``group`` is the
document. Only text-bound annotations (``T``) are read, not relations, events, attributes or notes. A text is
tokenized like new texts (``tokenize``), and a word is also cut where a name begins or ends within it. A name
in pieces with words between them is left out. Of names that overlap or are nested, the longest is kept. The
log lists and counts the names left out, and the documents without words or without annotations. It lists the
names that cut a word.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from mnerflow.data.formats._documents import Record, documents, log_empty, name_of, post_of
from mnerflow.data.formats._spans import longest, tokenized, trimmed
from mnerflow.data.offsets import Offsets, Span
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.files.reading import read_exact_text, read_lines
from mnerflow.log import logger

SPANS = True
OPTIONS = ("root",)
TEXT_BOUND = re.compile(r"T\S*\t(\S+) (\d{1,9} \d{1,9}(?:;\d{1,9} \d{1,9})*)(?:\t(.*))?")
STRICT = re.compile(r"^T\d+\t\S+ \d+ \d+(;\d+ \d+)*(\t|\r?$)", re.MULTILINE)
OTHERS = re.compile(r"[REAMN#]\S*\t|\*\t")


def looks_like(start: str) -> bool:
    """Whether the start of a file has a text-bound annotation; other lines may be tokens with tags."""
    return bool(STRICT.search(start))


def files(folder: Path) -> list[Path]:
    """The texts and annotations of a folder; empty if there are no annotations."""
    found = documents(folder, ".ann", ".txt")
    return found if any(file.suffix == ".ann" for file in found) else []


def companions(path: Path) -> list[Path]:
    """The other file of a pair."""
    return [file for file in _pair(path) if file != path and file.is_file()]


def records(path: Path, root: Path | None = None) -> Iterator[tuple[int, Record]]:
    """Yield, for every sentence, the line on which it begins and its post."""
    found = documents(path, ".ann", ".txt")
    if not found:
        raise UserError(f"{path}: not one .txt and .ann file. Put each text there beside its annotations.")
    counts: Counter[str] = Counter()
    empty, bare = [], []
    for text_file, annotations in sorted({_pair(file) for file in found}):
        name = name_of(text_file, root or path.parent)
        try:
            text, spans = _read(text_file, annotations, counts)
        except UserError as error:
            yield 1, error
            continue
        posts = _posts(text_file, name, text, spans)
        if not posts:
            empty.append(name)
        elif not spans:
            bare.append(name)
        yield from ((line, (text_file, post)) for line, post in posts)
    log_empty(path, empty)
    if bare:
        names = ", ".join(bare)
        logger.warning("%s: documents without annotations, all tagged O: %d (%s)", path, len(bare), names)
    if counts["pieces"] or counts["overlap"]:
        logger.warning(
            "%s: names: %d, of which left out: %d in pieces, %d overlapping a longer one",
            *(path, counts["names"], counts["pieces"], counts["overlap"]),
        )


def to_post(path: Path, line: int, record: Record) -> Post:
    """The post of a sentence.

    Raises ``UserError`` naming file and line for an annotation that is malformed, does not lie in its text or
    quotes a different text, and for a text or an annotation file without the other.
    """
    return post_of(record)


def file_of(record: tuple[Path, Post]) -> Path:
    """The document of a sentence."""
    return record[0]


def _pair(file: Path) -> tuple[Path, Path]:
    return file.with_suffix(".txt"), file.with_suffix(".ann")


def _read(text_file: Path, annotations: Path, counts: Counter[str]) -> tuple[str, list[Span]]:
    """A text and its names, without overlaps; the names left out are counted."""
    for file, other in ((text_file, annotations), (annotations, text_file)):
        if not file.is_file():
            raise UserError(
                f"{other}: no {file.name} beside it. Put it there; annotations without a name are empty."
            )
    text = read_exact_text(text_file).replace("\ufeff", " ")  # a BOM is no word, but counts as a character
    spans = []
    for number, line in read_lines(annotations):
        place = f"{annotations}:{number}"
        if not line.strip() or OTHERS.match(line):
            continue
        counts["names"] += 1
        if span := _span(line, text, place):
            spans.append(span)
        else:
            counts["pieces"] += 1
            logger.warning("%s: left out, in pieces with words between them: %s", place, line)
    chosen = longest(spans, str(annotations))
    counts["overlap"] += len(spans) - len(chosen)
    return text, chosen


def _span(line: str, text: str, place: str) -> Span | None:
    """The span of a name; ``None`` if there are words between its pieces."""
    if not (found := TEXT_BOUND.fullmatch(line)):
        raise UserError(
            f"{place}: no annotation of brat's: {line[:60]!r}. Write T1, a tab, type, start and end, a tab "
            "and the text."
        )
    kind, pieces, quoted = found.groups()
    places = sorted((int(start), int(end)) for start, end in map(str.split, pieces.split(";")))
    spans = [trimmed((start, end, kind), text, place) for start, end in places]
    there = " ".join(text[start:end] for start, end, _ in spans)
    if quoted is not None and "".join(quoted.replace("\ufeff", " ").split()) != "".join(there.split()):
        raise UserError(
            f"{place}: it quotes {quoted[:60]!r}, but {there[:60]!r} stands there. Was the text changed "
            "after it was annotated, its line ends included, or are the places bytes?"
        )
    if any(text[before[1] : after[0]].strip() for before, after in pairwise(spans)):
        return None
    return spans[0][0], max(end for _, end, _ in spans), kind


def _posts(file: Path, name: str, text: str, spans: list[Span]) -> list[tuple[int, Post]]:
    line_ends = [found.start() for found in re.finditer("\n", text)]
    begins = [start for start, _, _ in spans]
    posts = []
    for number, (start, end) in enumerate(_sentences(text, spans), start=1):
        inside = spans[bisect_left(begins, start) : bisect_left(begins, end)]
        shifted = [(first - start, last - start, kind) for first, last, kind in inside]
        line = 1 + bisect_left(line_ends, start)
        tokens, labels = tokenized(text[start:end], shifted, f"{file}:{line}")
        posts.append((line, Post(f"{name}-{number}", tokens, labels, group=name)))
    return posts


def _sentences(text: str, spans: list[Span]) -> list[Offsets]:
    """The sentences of every line; sentences that a span crosses are joined."""
    from mnerflow.data.tokenizers import sentences

    begins = [start for start, _, _ in spans]
    found: list[Offsets] = []
    offset = 0
    for line in text.split("\n"):
        for start, end in ((offset + start, offset + end) for start, end in sentences(line)):
            before = bisect_left(begins, start) - 1
            if found and before >= 0 and spans[before][1] > start:
                found[-1] = found[-1][0], end
            else:
                found.append((start, end))
        offset += len(line) + 1
    return found
