"""Tag schemes: how tags mark where an entity begins and ends, and their conversion to IOB2."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from mnerflow.data.tags import OUTSIDE

Scheme = Literal["iob1", "iob2", "bioes", "bilou", "io"]
AS_IT_IS: Final = "as it is"  # tags are not converted, because their scheme is still to be inferred
ReadAs = Scheme | Literal["as it is"]
PARTS = re.compile(r"(?P<prefix>[BIESLUM])[-_](?P<type>\S.*)", re.IGNORECASE)
PREFIXES = {"iob1": "BI", "iob2": "BI", "bioes": "BIOESM", "bilou": "BILOU"}
INSIDE = "IMEL"
LAST = "ESLU"


class NotInScheme(Exception):
    """A tag that does not belong to its scheme; ``index`` is its position."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


def looks_like_tag(text: str) -> bool:
    """Whether a text is ``O`` or a type with a prefix of any scheme, in upper or lower case."""
    return text in ("O", "o") or bool(PARTS.fullmatch(text))


def to_iob2(tags: Sequence[str], scheme: Scheme) -> list[str]:
    """Convert tags to IOB2; the case of prefixes, ``_`` for ``-``, and spaces in types are normalised.

    In the scheme ``io`` a tag is only a type, with or without ``I-``; neighbours of one type are one entity.
    BMES is read as ``bioes``. A tag that continues nothing stays an ``I-``, which ``strays`` finds, unless an
    entity of its type ended just before. Raises ``NotInScheme`` for a tag of another scheme.
    """
    converted: list[str] = []
    before, ended = "", False
    for index, tag in enumerate(tags):
        prefix, kind = _parts(tag, scheme, index)
        if not kind:
            converted.append(OUTSIDE)
        elif scheme in ("io", "iob1"):
            converted.append(f"{'I' if prefix == 'I' and kind == before else 'B'}-{kind}")
        else:
            begins = prefix not in INSIDE or (kind == before and ended)
            converted.append(f"{'B' if begins else 'I'}-{kind}")
        before, ended = kind, prefix in LAST
    return converted


def scheme_of(sequences: Iterable[Sequence[str]]) -> Scheme | None:
    """The scheme that all tags of a file fit, IOB2 first; ``None`` if they fit no scheme.

    IOB1 begins an entity with ``B-`` only directly after another of the same type. A file is IOB1 if every
    ``B-`` is of this kind and some ``I-`` begin entities.
    """
    prefixes: Counter[str] = Counter()
    bare = apart = strays = 0
    for tags in sequences:
        before = ""
        for tag in tags:
            parts = PARTS.fullmatch(tag)
            kind = parts["type"] if parts else ""
            prefix = parts["prefix"].upper() if parts else ""
            prefixes[prefix] += bool(prefix)
            bare += not parts and tag.upper() != OUTSIDE
            apart += prefix == "B" and kind != before
            strays += prefix == "I" and kind != before
            before = kind
    letters = {prefix for prefix, count in prefixes.items() if count}
    if bare:
        return None if letters else "io"
    if letters <= {*"BI"}:
        return "iob1" if strays and not apart else "iob2"
    return next((name for name in ("bioes", "bilou") if letters <= {*PREFIXES[name]}), None)


def _parts(tag: str, scheme: Scheme, index: int) -> tuple[str, str]:
    if tag.upper() == OUTSIDE:
        return "", ""
    parts = PARTS.fullmatch(tag)
    if scheme == "io":
        prefix, kind = "I", parts["type"] if parts and parts["prefix"] in "Ii" else tag
    elif parts and parts["prefix"].upper() in PREFIXES[scheme]:
        prefix, kind = parts["prefix"].upper(), parts["type"]
    else:
        raise NotInScheme(index)
    return prefix, "_".join(kind.split())
