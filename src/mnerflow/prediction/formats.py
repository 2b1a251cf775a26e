"""Output formats for entities found in texts, written one text at a time without keeping any."""

import json
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mnerflow.data.formats.label_studio import INLINE, LINK
from mnerflow.errors import UserError, printable
from mnerflow.log import logger
from mnerflow.prediction.texts import ADDRESSES, Text

if TYPE_CHECKING:
    from mnerflow.prediction.predictor import Tagged

ENDS = "\t\n\r"  # what a word of a CoNLL file cannot contain
# Colours of the types: hue on a page, and ANSI code in a terminal.
COLOURS = {"PER": (210, 34), "LOC": (140, 32), "ORG": (30, 33), "MISC": (285, 35)}
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Names in texts</title>
<style>
:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 46rem; padding: 0 1.5rem; font: 1rem/1.9 system-ui, sans-serif; }
p { white-space: pre-wrap; overflow-wrap: break-word; border-bottom: 1px solid #8885; padding-bottom: .5rem; }
mark { color: inherit; border-radius: .3rem; padding: .1rem .3rem; background: hsl(var(--hue) 70% 60% / .3); }
small { font-weight: 600; margin-inline-start: .4rem; }
</style>
<main>
"""


def as_json(found: Iterable["Tagged"]) -> Iterator[str]:
    """A JSON list with a list of entities per text."""
    return _list(tagged.entities for tagged in found)


def as_json_of_single_text(found: Iterable["Tagged"]) -> Iterator[str]:
    """A JSON list of the entities of a single text."""
    for tagged in found:
        yield f"{_json(tagged.entities)}\n"


def as_spacy(found: Iterable["Tagged"]) -> Iterator[str]:
    """JSON in displaCy's format for entities that are given by hand: a list of texts with ``ents``."""
    return _list(
        {
            "text": tagged.text.text,
            "ents": [
                {"start": entity["start"], "end": entity["end"], "label": entity["entity_group"]}
                for entity in tagged.entities
            ],
            "title": None,
        }
        for tagged in found
    )


def as_label_studio(found: Iterable["Tagged"]) -> Iterator[str]:
    """Label Studio tasks with the names as predictions, for ``Labels`` ``label`` of a ``Text`` ``text``.

    Offsets count UTF-16 code units, as in Label Studio. An image is named by its path, which becomes a link
    to the local file storage. A task shows the first image of a text; a warning counts the texts with more.
    """
    return _list(_tasks(found))


def _tasks(found: Iterable["Tagged"]) -> Iterator[dict[str, Any]]:
    albums = 0
    for tagged in found:
        albums += len(tagged.text.images) > 1
        yield _task(tagged)
    if albums:
        logger.warning("texts with several images, of which a task shows only the first: %d", albums)


def _task(tagged: "Tagged") -> dict[str, Any]:
    text, entities = tagged.text, tagged.entities
    units = [0, *accumulate(1 + (character > "\uffff") for character in text.text)]  # before each character
    data: dict[str, Any] = {"page_name": text.id, "text": text.text}
    if LINK.fullmatch(text.text):
        data[INLINE] = True
    if text.images:
        folder, name = text.images[0]
        link = f"/data/local-files/?d={quote(str(folder / name))}"
        data["image"] = name if name.startswith(ADDRESSES) else link
    results = [
        {
            "id": f"{text.id}-{number}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "score": entity["score"],
            "value": {
                "start": units[entity["start"]],
                "end": units[entity["end"]],
                "text": entity["word"],
                "labels": [entity["entity_group"]],
            },
        }
        for number, entity in enumerate(entities)
    ]
    # Tasks can be sorted by this score, to begin where the run is least sure.
    score = min((entity["score"] for entity in entities), default=1.0)
    return {"data": data, "predictions": [{"model_version": "mnerflow", "score": score, "result": results}]}


def as_json_lines(found: Iterable["Tagged"]) -> Iterator[str]:
    """One JSON object per text: ``id``, ``text``, words as ``tokens``, their ``tags``, and ``entities``."""
    for tagged in found:
        text = tagged.text
        record = {
            "id": text.id,
            "text": text.text,
            "tokens": [text.text[start:end] for sentence in text.sentences for start, end in sentence],
            "tags": [tag for tags in tagged.tags for tag in tags],
            "entities": tagged.entities,
        }
        yield f"{_json(record)}\n"


def as_conll(found: Iterable["Tagged"]) -> Iterator[str]:
    """One word, a tab and its tag per line, with an empty line after each sentence.

    Raises ``UserError`` naming the text if a word contains a tab or the end of a line.
    """
    for tagged in found:
        for sentence, tags in zip(tagged.text.sentences, tagged.tags, strict=True):
            rows = []
            for (start, end), tag in zip(sentence, tags, strict=True):
                word = tagged.text.text[start:end]
                if any(sign in word for sign in ENDS):
                    raise UserError(
                        f"{tagged.text.place}: the word {word!r} holds a tab or the end of a line, which "
                        "CoNLL cannot. Choose another --format."
                    )
                rows.append(f"{word}\t{tag}\n")
            yield "".join([*rows, "\n"])


def as_html(found: Iterable["Tagged"]) -> Iterator[str]:
    """An HTML page with the names highlighted; it contains no script, and all texts are escaped."""
    yield PAGE
    for tagged in found:
        parts = []
        for text, entity in _pieces(tagged.text, tagged.entities):
            said = escape(printable(text))
            if entity:
                kind = entity["entity_group"]
                hue, _ = _colours(kind)
                label = f"<small>{escape(kind)} {entity['score']:.2f}</small>"
                said = f'<mark style="--hue: {hue}">{said}{label}</mark>'
            parts.append(said)
        yield f'<p dir="auto">{"".join(parts)}</p>\n'
    yield "</main>\n</html>\n"


def as_text(found: Iterable["Tagged"]) -> Iterator[str]:
    """Plain text with each name in brackets, followed by its type and score."""
    for tagged in found:
        pieces = _pieces(tagged.text, tagged.entities)
        yield (
            "".join(
                f"[{printable(text)} {entity['entity_group']} {entity['score']:.2f}]"
                if entity
                else printable(text)
                for text, entity in pieces
            )
            + "\n"
        )


def as_coloured_text(found: Iterable["Tagged"]) -> Iterator[str]:
    """Text for a terminal: each name underlined in the colour of its type, followed by type and score."""
    for tagged in found:
        yield (
            "".join(
                _coloured(printable(text), entity) if entity else printable(text)
                for text, entity in _pieces(tagged.text, tagged.entities)
            )
            + "\n"
        )


Format = Callable[[Iterable["Tagged"]], Iterator[str]]
FORMATS: dict[str, Format] = {
    "json": as_json,
    "jsonl": as_json_lines,
    "conll": as_conll,
    "spacy": as_spacy,
    "label_studio": as_label_studio,
    "html": as_html,
    "text": as_text,
}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _list(values: Iterable[Any]) -> Iterator[str]:
    """A JSON list of the values, one per line."""
    before = "[\n"
    for value in values:
        yield before + _json(value)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _pieces(text: Text, entities: Iterable[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The whole text in pieces, each with its entity, or ``None`` between entities."""
    end = 0
    for entity in entities:
        yield text.text[end : entity["start"]], None
        yield entity["word"], entity
        end = entity["end"]
    yield text.text[end:], None


def _colours(kind: str) -> tuple[int, int]:
    """Hue and ANSI code of a type."""
    return COLOURS.get(kind, (sha256(kind.encode()).digest()[0] * 360 // 256, 36))


def _coloured(word: str, entity: dict[str, Any]) -> str:
    kind = entity["entity_group"]
    _, colour = _colours(kind)
    label = f"{kind} {entity['score']:.2f}"
    return f"\033[1;4;{colour}m{word}\033[0m\033[{colour}m {label}\033[0m"
