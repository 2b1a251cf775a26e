"""IOB2 tags: the tag list of a scheme and the entities of a tag sequence."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

OUTSIDE = "O"
IOB2 = re.compile(r"O|[BI]-\S+")
Names = Mapping[str, str]  # display names of entity types, where these differ from the tags
TypeNames = Mapping[str, Names]  # by data set


class Entity(NamedTuple):
    """An entity of ``type`` over the words ``start`` to ``end``, exclusive."""

    type: str
    start: int
    end: int


def is_tag(text: str) -> bool:
    """Whether ``text`` is an IOB2 tag of printable characters: ``O``, ``B-TYPE`` or ``I-TYPE``."""
    return bool(IOB2.fullmatch(text)) and text.isprintable()


def tag_list(entity_types: Sequence[str]) -> list[str]:
    """All tags of a scheme: ``["O", "B-PER", "I-PER", …]`` in the order of ``entity_types``."""
    return [OUTSIDE, *(f"{prefix}-{kind}" for kind in entity_types for prefix in "BI")]


def entity_type(tag: str) -> str:
    """``"PER"`` for ``"B-PER"``, ``""`` for ``"O"``."""
    return "" if tag == OUTSIDE else tag[2:]


def renamed(tag: str, names: Names) -> str:
    """A tag with its entity type renamed as in ``names``; a type that has no name there is kept."""
    kind = entity_type(tag)
    return tag.removesuffix(kind) + names.get(kind, kind)


def spans(tags: Sequence[str]) -> Iterator[Entity]:
    """Yield the entities of a tag sequence, as conlleval counts them.

    A stray ``I-`` (after ``O`` or another type) starts an entity, which is seqeval's default mode.
    """
    start, current = 0, ""
    for index, tag in enumerate([*tags, OUTSIDE]):
        kind = entity_type(tag)
        if current and (kind != current or tag.startswith("B-")):
            yield Entity(current, start, index)
            current = ""
        if kind and not current:
            start, current = index, kind


def tags_of(entities: Iterable[Entity], length: int) -> list[str]:
    """The tags of a text of ``length`` words with these ``entities``, the inverse of ``spans``."""
    tags = [OUTSIDE] * length
    for kind, start, end in entities:
        tags[start:end] = entity_tags(kind, end - start)
    return tags


def entity_tags(kind: str, length: int) -> list[str]:
    """The tags of an entity of ``length`` words."""
    return [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]


def strays(tags: Sequence[str]) -> Iterator[int]:
    """Yield the index of every stray ``I-``, which continues no entity."""
    before = ""
    for index, tag in enumerate(tags):
        kind = entity_type(tag)
        if tag.startswith("I-") and kind != before:
            yield index
        before = kind


def repair(tags: Sequence[str]) -> list[str]:
    """Turn every stray ``I-`` into the ``B-`` it stands for."""
    repaired = list(tags)
    for index in strays(tags):
        repaired[index] = f"B-{entity_type(tags[index])}"
    return repaired
