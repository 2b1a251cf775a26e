"""Texts with character spans, as Doccano, Prodigy, spaCy, GLiNER and pipelines of transformers write them.

Each line of JSON is a text, or the file is one list of them. The text is the field ``text``, or the only
field that is a string, or the field that ``text_key`` names. Its spans are the only field that is a list of
spans: ``[start, end, type]``, or objects with these under any of the usual names; ``end`` is exclusive. Two
more forms are read: spaCy's ``[text, {"entities": […]}]``, and GLiNER's ``tokenized_text`` with ``ner``,
whose positions count words and include the last one. ``id``, ``images``, ``contexts``, ``language`` and
``group`` are as in JSON lines. Without an id, file name and line serve as one. A field ``tokens`` beside the
text is not read, and texts that Prodigy's annotators rejected or ignored are left out and counted in the log.

A text is tokenized like new texts (``tokenize``). A span that begins or ends within a word cuts it there. Of
overlapping spans, the longest is kept. The log lists every span that cuts a word or is left out.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import regex

from mnerflow.data.formats._fields import identifier, string, strings, texts
from mnerflow.data.formats._objects import Entry, object_of, of_split
from mnerflow.data.formats._spans import longest, tokenized, trimmed
from mnerflow.data.offsets import Span
from mnerflow.data.post import Post
from mnerflow.data.tags import Entity, tags_of
from mnerflow.errors import UserError, quantity
from mnerflow.log import logger

CONTEXTS = True
SPANS = True
OPTIONS = ("text_key", "split_key", "split")
STARTS, ENDS = ("start", "start_offset", "begin"), ("end", "end_offset", "stop")
TYPES = ("label", "entity_group", "type", "tag", "labels", "ner_tag")
OF_POST = ("id", "images", "contexts", "language", "group")  # fields of a post besides text and spans
NAMES = ("spans", "entities", "label", "labels")  # fields whose empty list says that there is no span
LEFT_OUT = ("reject", "ignore")  # answers of Prodigy's annotators to a text
# Names of fields with spans, and a list of numbers where plain tags would be strings.
KNOWN = regex.compile(r'"(spans|entities|tokenized_text|start_offset)"\s*:|"labels?"\s*:\s*\[\s*\[\s*\d')


def looks_like(start: str) -> bool:
    """Whether the first record of a file is a text with spans; of a record that is cut, its names tell."""
    if regex.match(r'\[\s*\[\s*"', start):
        return True
    if not (found := regex.match(r"\[?\s*(?=\{)", start)):
        return False
    try:
        record, _ = json.JSONDecoder().raw_decode(start, found.end())
    except (ValueError, RecursionError):
        return '"tokens"' not in start and bool(KNOWN.search(start))
    words = record.get("tokens", [{}])  # Prodigy's are objects, those of a post with tags are strings
    if not (isinstance(words, list) and words and isinstance(words[0], dict)):
        return False
    return "tokenized_text" in record or (
        not isinstance(record.get("text"), list)
        and any(_is_span(value[0]) if value else name in NAMES for name, value in _lists(record).items())
    )


def records(
    path: Path, text_key: str = "", split_key: str = "", split: str = ""
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line, or the position in the list, of every text, and its object with the text in ``text``.

    With ``split_key``, only texts of one split. Raises ``UserError`` for an object without the field
    ``text_key``, if that is given.
    """
    left_out = 0
    for number, entry in of_split(path, split_key, split):
        record = _object(entry, f"{path}:{number}")
        if text_key and text_key not in record:
            raise UserError(f"{path}:{number}: no field {text_key!r}. Name the text's field as `text_key`.")
        if record.get("answer") in LEFT_OUT:
            left_out += 1
            continue
        yield number, record | {"text": record[text_key]} if text_key else record
    if left_out:
        logger.warning("%s: texts answered %s, left out: %d", path, " or ".join(LEFT_OUT), left_out)


def to_post(path: Path, line: int, record: dict[str, Any]) -> Post:
    """Build a post; raises ``UserError`` naming file, line and span for what cannot be read."""
    place = f"{path}:{line}"
    tokens, labels = _of_words(record, place) if "tokenized_text" in record else _of_text(record, place)
    return Post(
        identifier(record, "id", place) if "id" in record else f"{path.stem}-{line}",
        tokens,
        labels,
        images=strings(record, "images", place) if "images" in record else [],
        contexts={name: text for name, text in texts(record, "contexts", place).items() if text},
        language=string(record, "language", place),
        group=identifier(record, "group", place) if "group" in record else "",
    )


def plain(entry: Entry, place: str) -> dict[str, Any]:
    """An entry without its spans, which may be absent: its ``text``, or its words in ``tokens``."""
    record = _object(entry, place)
    kept = {name: record[name] for name in OF_POST if name in record}
    if "tokenized_text" in record:
        return kept | {"tokens": record["tokenized_text"]}
    return kept | {"text": record[_text_field(record, place)]}


def unread(entry: Entry, place: str, text_key: str = "") -> set[str]:
    """The fields of an entry that are not read, but for an annotation tool's own, which begin with ``_``."""
    record = _object(entry, place)
    text = "tokenized_text" if "tokenized_text" in record else text_key or _text_field(record, place)
    lists = {name for name, value in _lists(record).items() if not value or _is_span(value[0])}
    read = {*OF_POST, *NAMES, "tokens", "answer", "ner", text} | lists
    return {name for name in record.keys() - read if not name.startswith("_")}


def _object(entry: Entry, place: str) -> dict[str, Any]:
    """An entry's object; spaCy's pairs become objects."""
    if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], dict):
        entry = {"text": entry[0], "entities": entry[1].get("entities", [])}
    return object_of(entry, place)


def _of_text(record: dict[str, Any], place: str) -> tuple[list[str], list[str]]:
    text = record[_text_field(record, place)]
    found = _read(_spans(record, place), place)
    return tokenized(text, longest([trimmed(one, text, place) for one in found], place), place)


def _of_words(record: dict[str, Any], place: str) -> tuple[list[str], list[str]]:
    """Tokens and labels of GLiNER's form."""
    tokens = strings(record, "tokenized_text", place)
    found = [(start, last + 1, kind) for start, last, kind in _read(record.get("ner") or [], place)]
    for start, end, _ in found:
        if not 0 <= start < end <= len(tokens):
            raise UserError(
                f"{place}: the span {start}–{end - 1} does not lie in its {quantity(len(tokens), 'word')}. "
                "Count from 0, the last word included."
            )
    entities = (Entity(kind, start, end) for start, end, kind in longest(found, place))
    return tokens, tags_of(entities, len(tokens))


def _text_field(record: dict[str, Any], place: str) -> str:
    fields = [name for name, value in record.items() if isinstance(value, str) and name not in OF_POST]
    if "text" in fields:
        return "text"
    if len(fields) != 1:
        named = ", ".join(fields) or "none"
        raise UserError(
            f"{place}: which field is the text? Strings are: {named}. Call it `text`, "
            "or name it as `text_key` in the data set's entry and as `mnerflow check --text-key`."
        )
    return fields[0]


def _spans(record: dict[str, Any], place: str) -> list[Any]:
    fields = _lists(record)
    held = {name: value for name, value in fields.items() if value and _is_span(value[0])}
    if len(held) > 1:
        raise UserError(f"{place}: {' and '.join(held)} both hold spans. Keep one of them.")
    if not held and any(fields.values()) and [] not in map(fields.get, NAMES):
        raise UserError(
            f"{place}: no field holds spans of a start, an end and a type, but there is {', '.join(fields)}. "
            "Write [start, end, type], or name the --format."
        )
    return next(iter(held.values()), [])


def _lists(record: dict[str, Any]) -> dict[str, list[Any]]:
    """The fields of a record that may hold spans."""
    others = (*OF_POST, "tokens")
    return {name: value for name, value in record.items() if isinstance(value, list) and name not in others}


def _is_span(value: Any) -> bool:
    if isinstance(value, dict):
        return all(any(name in value for name in names) for names in (STARTS, ENDS, TYPES))
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], int)


def _read(values: list[Any], place: str) -> list[Span]:
    return [_span(value, f"{place}, span {number}") for number, value in enumerate(values, start=1)]


def _span(value: Any, place: str) -> Span:
    if isinstance(value, dict):
        known = (STARTS, ENDS, TYPES)
        value = [next((value[name] for name in names if name in value), None) for names in known]
    if not isinstance(value, list) or len(value) != 3:
        raise UserError(f"{place}: {value!r} is no start, end and type. Mend the span.")
    start, end, kind = value
    kind = kind[0] if isinstance(kind, list) and len(kind) == 1 else kind
    if type(start) is not int or type(end) is not int or not isinstance(kind, str) or not kind.strip():
        raise UserError(f"{place}: {value!r} is no start, end and type. Mend the span.")
    return start, end, "_".join(kind.split())
