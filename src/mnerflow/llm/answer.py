"""Read a language model's answer tolerantly, and place its entities on the words of the post.

An answer is a list of entities, each with its words and its type. Every word of the post gets one tag. Words
whose entities cannot be read or placed stay ``O``, and the problem is counted.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from unicodedata import category, normalize

import json_repair

from mnerflow.data.tags import OUTSIDE, Entity, entity_tags

# Counted per post: no entities could be read in the answer; its JSON was invalid and was repaired; it was cut
# off at the maximum length.
ANSWER_PROBLEMS = ("unreadable", "mended", "cut_off")
# Counted per entity: it lacks its words or its type; its type is not one of the data set's; its words are not
# in the text; its words belong to an entity placed before.
ENTITY_PROBLEMS = ("incomplete", "unknown_type", "not_in_text", "overlapping")

BRACKET = re.compile(r"[\[{]")
_PLAIN_QUOTES = str.maketrans("‘’“”", "''\"\"")
_ALL_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛′´`ʼ", "'") | dict.fromkeys("“”„‟″«»", '"'))


@dataclass
class Reading:
    """Tags for every word of a post, and how often each problem of the two tuples above occurred."""

    tags: list[str]
    placed: int = 0
    problems: Counter[str] = field(default_factory=Counter)


def schema(entity_types: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer, strict as the API's structured outputs require."""
    entity = {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "type": {"type": "string", "enum": list(entity_types)},
        },
        "required": ["text", "type"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"entities": {"type": "array", "items": entity}},
        "required": ["entities"],
        "additionalProperties": False,
    }


def write_answer(tokens: Sequence[str], entities: Iterable[Entity]) -> str:
    """The answer that ``read_answer`` reads as these entities, as shown by the examples of a prompt."""
    found = [{"text": " ".join(tokens[start:end]), "type": kind} for kind, start, end in entities]
    return json.dumps({"entities": found}, ensure_ascii=False)


def read_answer(answer: str | None, tokens: Sequence[str], entity_types: Sequence[str]) -> Reading:
    """Read an answer about ``tokens``; the tags are IOB2, one per token, whatever the answer is."""
    entities, mended = _entities_of(answer or "")
    if entities is None:
        return Reading([OUTSIDE] * len(tokens), problems=Counter(unreadable=1))
    reading = place(entities, tokens, entity_types)
    reading.problems["mended"] += mended
    return reading


def place(entities: Iterable[Any], tokens: Sequence[str], entity_types: Sequence[str]) -> Reading:
    """Place entities (``{"text": …, "type": …}``) on the words where they occur.

    Spaces, the case of letters, the shape of quotation marks and the Unicode normal form may differ. Words
    may be named without the punctuation at their ends (``Ann`` for ``@Ann's``), but not by a part of their
    letters. If there are several places, an entity takes the first free one after the entity before it. So a
    name that occurs twice in the text and is listed twice is found twice.
    """
    reading = Reading([OUTSIDE] * len(tokens))
    known = {kind.casefold(): kind for kind in entity_types}
    texts = [_Text(tokens, form) for form in (_squeeze, _normal)]
    after = 0
    for entity in entities:
        words, kind = (entity.get("text"), entity.get("type")) if isinstance(entity, dict) else (None, None)
        if not isinstance(words, str) or not isinstance(kind, str) or not words.strip():
            reading.problems["incomplete"] += 1
        elif kind.strip().casefold() not in known:
            reading.problems["unknown_type"] += 1
        elif not (spans := list(dict.fromkeys(chain.from_iterable(text.find(words) for text in texts)))):
            reading.problems["not_in_text"] += 1
        elif not (free := [span for span in spans if set(reading.tags[slice(*span)]) == {OUTSIDE}]):
            reading.problems["overlapping"] += 1
        else:
            start, end = min(free, key=lambda span: span[0] < after)
            name = known[kind.strip().casefold()]
            reading.tags[start:end] = entity_tags(name, end - start)
            reading.placed += 1
            after = end
    return reading


class _Text:
    """A post's characters in a form without spaces, and the token of each character."""

    def __init__(self, tokens: Sequence[str], form: Callable[[str], str]) -> None:
        formed = [form(token) for token in tokens]
        self._form = form
        self._characters = "".join(formed)
        self._token = [index for index, token in enumerate(formed) for _ in token]

    def find(self, words: str) -> Iterator[tuple[int, int]]:
        """Spans of tokens ``(start, end)``, ``end`` exclusive, where ``words`` occur; the same case first."""
        wanted = self._form(words)
        yield from self._spans(self._characters, wanted)
        yield from self._spans(_lower(self._characters), _lower(wanted))

    def _spans(self, characters: str, wanted: str) -> Iterator[tuple[int, int]]:
        first = characters.find(wanted) if wanted else -1
        while first >= 0:
            end = first + len(wanted)
            if not self._cuts(first) and not self._cuts(end):
                yield self._token[first], self._token[end - 1] + 1
            first = characters.find(wanted, first + 1)

    def _cuts(self, place: int) -> bool:
        """Whether a boundary before this character would split the letters of a word."""
        if not 0 < place < len(self._characters) or self._token[place - 1] != self._token[place]:
            return False
        # Letters, numbers, and marks, which include vowels of Indic scripts and tones of Thai.
        return all(category(character)[0] in "LNM" for character in self._characters[place - 1 : place + 1])


def _squeeze(text: str) -> str:
    return "".join(text.split()).translate(_PLAIN_QUOTES)


def _normal(text: str) -> str:
    """Separate accents from their letters; make full-width letters, ligatures and quotation marks plain."""
    return "".join(normalize("NFKD", text.translate(_ALL_QUOTES)).split()).translate(_ALL_QUOTES)


def _lower(text: str) -> str:
    """Lower case, except for letters that would become two characters, such as ``İ``."""
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def _entities_of(answer: str) -> tuple[list[Any] | None, bool]:
    """The list of entities in an answer, ``None`` if there is none, and whether its JSON was repaired."""
    try:
        return _find_list(json.loads(answer)), False
    except (ValueError, RecursionError):
        pass
    try:
        values = _values_in(answer)
        # Of values that look alike, the repair keeps only the last.
        return _find_list(json_repair.loads(answer) if values is None else values), True
    except (ValueError, RecursionError):
        return None, True


def _values_in(answer: str) -> list[Any] | None:
    """The JSON objects and lists among the words of an answer; ``None`` if what begins like one is none."""
    decoder, values, end = json.JSONDecoder(), [], 0
    while begin := BRACKET.search(answer, end):
        try:
            value, end = decoder.raw_decode(answer, begin.start())
        except ValueError:
            return None
        values.append(value)
    return values or None


def _find_list(value: Any) -> list[Any] | None:
    named = _named_list(value)
    if named is not None:
        return named
    if isinstance(value, dict):
        return [value] if {"text", "type"} <= set(value) else None
    if isinstance(value, list) and (
        not value or any(isinstance(item, dict) and "text" in item for item in value)
    ):
        return value
    return None


def _named_list(value: Any) -> list[Any] | None:
    """The entities of the last list under ``entities``, and of earlier ones that share none with it.

    A draft before the answer shares entities with it. An answer may have a list for each type, and quote an
    empty one from the question.
    """
    if isinstance(value, dict) and isinstance(value.get("entities"), list):
        return value["entities"]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [each for item in inner if (each := _named_list(item)) is not None]
    if not found:
        return None
    joined: list[Any] = []
    for each in reversed(found):
        if not any(entity in joined for entity in each):
            joined = each + joined
    return joined
