"""WebAnno's TSV 3, which INCEpTION exports: a split is a folder of documents, or one document.

A post is a sentence, and its tokens are the document's. ``group`` is the document. Names are the values of
one feature of a layer of spans: DKPro's named entities if a document has them, else the only feature with
values, or the one that ``layer`` names. An annotation within a token cuts the token there. Of overlapping
annotations, including stacked ones, the longest is kept. An annotation without a value or without a character
is left out. One that continues in the next sentence is a name in each. The log lists these cases, and the
documents without words.
"""

import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from mnerflow.data.formats._documents import Record, documents, log_empty, name_of, post_of
from mnerflow.data.formats._spans import longest, tagged
from mnerflow.data.offsets import Span
from mnerflow.data.post import Post
from mnerflow.errors import UserError, listed, quantity
from mnerflow.files.reading import read_lines
from mnerflow.log import logger

SPANS = True
OPTIONS = ("layer", "root")
FORMAT = "#FORMAT=WebAnno TSV "
DKPRO = "de.tudarmstadt.ukp.dkpro.core.api."
NAMED_ENTITY = f"{DKPRO}ner.type.NamedEntity"
HEADER = re.compile(r"#T_(SP|CH|RL)=([^|]*)\|?(.*)")
ROW = re.compile(r"(\d{1,9})-(\d{1,9})(\.\d+)?\t(\d{1,9})-(\d{1,9})\t([^\t]*)(?:\t(.*))?")
VALUE = re.compile(r"((?:\\.|[^\\|\[\]])*)(?:\[(\d+)\])?(?:\||$)")
NO_VALUE = ("", "_", "*")


@dataclass(slots=True)
class Unit:
    """A row: a token or a part of one; positions count UTF-16 units, as in the file."""

    line: int
    sentence: int
    token: int
    part: bool
    start: int
    end: int
    text: str
    cells: list[str]


@dataclass(slots=True)
class Document:
    """The content of a file; ``features`` are its columns, ``layer|feature``, empty if they have no names."""

    features: list[str] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)


def looks_like(start: str) -> bool:
    """Whether the start of a file is a WebAnno export, of any version."""
    return start.startswith(FORMAT)


def files(folder: Path) -> list[Path]:
    """The exports of a folder; empty if its first table is not an export."""
    found = documents(folder, ".tsv")
    if not found:
        return []
    with found[0].open("rb") as file:
        return found if file.readline().removeprefix(b"\xef\xbb\xbf").startswith(FORMAT.encode()) else []


def records(
    path: Path, layer: str = "", root: Path | None = None, *, tagged: bool = True
) -> Iterator[tuple[int, Record]]:
    """Yield, for every sentence, the line on which it begins and its post.

    Raises ``UserError`` if ``tagged``, several features have values, and ``layer`` does not say which of them
    are names.
    """
    read: dict[Path, Document] = {}
    for file in documents(path, ".tsv"):
        try:
            read[file] = _document(file)
        except UserError as error:
            yield 1, error
    feature = _feature(path, list(read.values()), layer) if tagged else None
    empty = []
    for file, document in read.items():
        name = name_of(file, root or path.parent)
        if not document.units:
            empty.append(name)
        column = document.features.index(feature) if feature in document.features else None
        goes_on: set[str] = set()
        for number, group in groupby(document.units, key=lambda unit: unit.sentence):
            units = list(group)
            try:
                post = _post(f"{name}-{number}", name, file, units, column, goes_on)
            except UserError as error:
                yield units[0].line, error
            else:
                yield units[0].line, (file, post)
    log_empty(path, empty)


def to_post(path: Path, line: int, record: Record) -> Post:
    """The post of a sentence; raises ``UserError`` naming file and line for a row that cannot be read."""
    return post_of(record)


def file_of(record: tuple[Path, Post]) -> Path:
    """The document of a sentence."""
    return record[0]


def _document(file: Path) -> Document:
    document = Document()
    lines = read_lines(file)
    first = next((line for _, line in lines if line.strip()), "")
    if not first.startswith(f"{FORMAT}3."):
        raise UserError(f"{file}:1: not WebAnno's TSV 3, but {first[:40]!r}. Export it as WebAnno TSV 3.3.")
    for number, line in lines:
        if header := HEADER.fullmatch(line):
            kind, layer, features = header.groups()
            document.features += _columns(layer, features.split("|"), kind == "SP")
        elif line.strip() and not line.startswith("#"):
            document.units.append(_unit(line, document, f"{file}:{number}", number))
    return document


def _columns(layer: str, features: list[str], spans: bool) -> list[str]:
    columns = []
    for before, feature in zip(["", *features], features, strict=False):
        slot = feature.startswith("ROLE_") or before.startswith("ROLE_")
        columns.append(f"{layer}|{feature}" if spans and feature and not slot else "")
    return columns


def _unit(line: str, document: Document, place: str, number: int) -> Unit:
    if not (row := ROW.fullmatch(line)):
        raise UserError(
            f"{place}: no row of WebAnno's TSV: {line[:60]!r}. Write 1-1, a tab, 0-4, a tab, the token, and "
            "a tab and a value for each feature."
        )
    sentence, token, part, start, end, text, rest = row.groups()
    cells = (rest or "").removesuffix("\t").split("\t") if rest else []
    if len(cells) != len(document.features):
        raise UserError(
            f"{place}: {quantity(len(cells), 'value')}, but its head names "
            f"{quantity(len(document.features), 'feature')}. "
            "Export the document again."
        )
    unit = Unit(number, int(sentence), int(token), bool(part), int(start), int(end), text, cells)
    before = document.units[-1] if document.units else None
    if unit.part:
        owner = next((one for one in reversed(document.units) if not one.part), None)
        if (
            owner is None
            or (owner.sentence, owner.token) != (unit.sentence, unit.token)
            or not owner.start <= unit.start <= unit.end <= owner.end
        ):
            raise UserError(f"{place}: a part that does not lie in the token before it. Mend its place.")
        return unit
    last = next((one.end for one in reversed(document.units) if not one.part), 0)
    if unit.start < last or unit.end <= unit.start or (before and unit.sentence < before.sentence):
        raise UserError(
            f"{place}: the token {text!r} at {start}–{end} does not follow the one before. Mend its place."
        )
    if not _fits(unit) and _width(_unescaped(text)) == unit.end - unit.start:
        unit.text = _unescaped(text)  # some other programs also escape tokens
    return unit


def _feature(path: Path, read: list[Document], layer: str) -> str | None:
    """The feature whose values are names; ``None`` if there is no such feature."""
    used: dict[str, bool] = {}
    for document in read:
        for column, feature in enumerate(document.features):
            if feature:
                values = (value for unit in document.units for value, _ in _values(unit.cells[column]))
                used[feature] = any(value not in NO_VALUE for value in values) or used.get(feature, False)
    if layer:
        found = [feature for feature in used if layer in (feature, feature.partition("|")[0])]
        if used and not found:
            raise UserError(f"{path}: no document has the layer {layer!r}. Name one of: {listed(used)}.")
        if len(found) > 1:
            found = [feature for feature in found if used[feature]] or found[:1]
    else:
        named = [feature for feature in used if feature.startswith(f"{NAMED_ENTITY}|")]
        found = [f"{NAMED_ENTITY}|value"] if f"{NAMED_ENTITY}|value" in named else named
        custom = [feature for feature in used if not feature.startswith(DKPRO)]
        found = [feature for feature in found or custom if used[feature]]
    if len(found) > 1:
        raise UserError(
            f"{path}: which values are names? There are {listed(found)}. Write one into the data set's "
            f"entry, `layer: {found[0]}`, or ask `mnerflow check --layer '{found[0]}'`."
        )
    return found[0] if found else None


def _values(cell: str) -> list[tuple[str, str]]:
    """The values of a cell, still escaped, each with the number of its annotation, if it has one."""
    found, end = [], 0
    while end < len(cell) and (value := VALUE.match(cell, end)):
        found.append((value[1], value[2] or ""))
        end = value.end()
    return found if end == len(cell) else [(cell, "")]


def _post(
    name: str, group: str, file: Path, units: list[Unit], column: int | None, goes_on: set[str]
) -> Post:
    """A sentence's post; ``goes_on`` contains the numbers of annotations in earlier sentences."""
    tokens = [unit for unit in units if not unit.part]
    spans = [] if column is None else _spans(file, units, column, goes_on)
    places, labels = tagged([(one.start, one.end) for one in tokens], longest(spans, f"{file}: {name}"))
    starts = [one.start for one in tokens]
    words = [_piece(file, tokens[bisect(starts, start) - 1], start, end) for start, end in places]
    return Post(name, words, labels, group=group)


def _spans(file: Path, units: list[Unit], column: int, goes_on: set[str]) -> list[Span]:
    annotations: dict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in units:
        for value, number in _values(unit.cells[column]):
            if value != "_":
                annotations[value, number or f"line {unit.line}"].append(unit)
    spans = []
    for (value, number), held in annotations.items():
        place = f"{file}:{held[0].line}"
        start, end = min(unit.start for unit in held), max(unit.end for unit in held)
        if value in NO_VALUE or start == end:
            logger.warning("%s: left out, without a value or a character: %s", place, held[0].cells[column])
            continue
        tokens = {unit.token for unit in held}
        if len(tokens) <= max(tokens) - min(tokens):
            raise UserError(f"{place}: {value}[{number}] is on tokens with others between. Mend its numbers.")
        if number in goes_on:
            logger.warning("%s: continues from the sentence before, a name in each: %s", place, value)
        spans.append((start, end, "_".join(_unescaped(value).split())))
    goes_on.update(number for _, number in annotations)
    return spans


def _piece(file: Path, token: Unit, start: int, end: int) -> str:
    """A token, or the part of it that an annotation cuts out."""
    if (start, end) == (token.start, token.end):
        return token.text
    if not _fits(token):
        raise UserError(
            f"{file}:{token.line}: an annotation cuts the token {token.text!r}, which has not "
            f"{quantity(token.end - token.start, 'unit')} of UTF-16. Mend its place."
        )
    units = token.text.encode("utf-16-le", "surrogatepass")
    return units[2 * (start - token.start) : 2 * (end - token.start)].decode("utf-16-le", "surrogatepass")


def _fits(token: Unit) -> bool:
    return _width(token.text) == token.end - token.start


def _width(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _unescaped(text: str) -> str:
    blank = {"t": "\t", "n": "\n"}
    return re.sub(r"\\(.)", lambda found: blank.get(found[1], found[1]), text)
