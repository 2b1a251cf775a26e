"""CoNLL-U: its ten columns or those of CoNLL-U Plus, with tags in a column or in ``MISC``.

The tags are found automatically: in the only column, or key of ``MISC``, whose values are tags. If there are
several, ``columns`` names the right one. Tokens without a tag are ``O``. Ranges of contracted words and empty
nodes are not tokens. A post is a sentence. Its id consists of file and line, and ``newdoc id`` is its
``group``.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import conllu

from mnerflow.data.config import Columns
from mnerflow.data.formats._blocks import blocks
from mnerflow.data.post import Post
from mnerflow.data.schemes import looks_like_tag
from mnerflow.data.tags import OUTSIDE
from mnerflow.errors import UserError, listed, suggest

OPTIONS = ("columns",)
SPACE = "spaceafter"
NAMES = re.compile(r"#\s*global\.columns\s*=(.*)")
# Columns of CoNLL-U that never contain tags, whatever their values look like.
FIXED = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
Sentence = tuple[str, list[tuple[str, Mapping[str, str]]]]  # the document; form and values of each token


def looks_like(start: str) -> bool:
    """Whether the start of a file has numbered tokens in ten columns, or names columns like CoNLL-U Plus."""
    rows = [row for row in start.split("\n") if row and not row.startswith("#")]
    return "# global.columns" in start or bool(rows and re.match(r"1(-\d+)?(\t[^\t]*){9}\r?$", rows[0]))


def records(
    path: Path, columns: Columns | None = None, *, tagged: bool = True
) -> Iterator[tuple[int, tuple[str, Sentence]]]:
    """Yield, for every sentence, the number of its first line, and the name of its tags and the sentence.

    That name is of a column or of a key of ``MISC``. If ``tagged``, raises ``UserError`` for ``columns`` that
    no token has and, without ``columns``, if nothing contains tags or several columns do.
    """
    if not tagged:
        yield from ((line, ("", sentence)) for line, sentence in _sentences(path))
        return
    read = list(_sentences(path))
    key = _key(path, [sentence for _, sentence in read], columns)
    for line, sentence in read:
        yield line, (key, sentence)


def to_post(path: Path, line: int, record: tuple[str, Sentence]) -> Post:
    """A sentence as a post."""
    key, (document, tokens) = record
    labels = [values.get(key, OUTSIDE) for _, values in tokens]
    return Post(f"{path.stem}-{line}", [form for form, _ in tokens], labels, group=document)


def _key(path: Path, sentences: list[Sentence], columns: Columns | None) -> str:
    found: Counter[str] = Counter()
    for _, tokens in sentences:
        for _, values in tokens:
            for name, value in values.items():
                if found[name] >= 0:
                    found[name] = found[name] + (value.upper() != OUTSIDE) if looks_like_tag(value) else -1
    if columns:
        key = str(columns.tag).lower()
        if str(columns.token).lower() != "form" or key not in found:
            raise UserError(
                f"{path}: columns: FORM and the name of a tag are expected, not {columns.token!r} and "
                f"{columns.tag!r}{suggest(key, found)}. Take a name from {listed(sorted(found))}."
            )
        return key
    held = sorted(name for name, count in found.items() if count > 0)
    if len(held) != 1:
        said = f"{listed(held)} all hold tags" if held else "neither a column nor a key of MISC holds tags"
        names = f"{{token: FORM, tag: {held[0] if held else 'NAME'}}}"
        raise UserError(f"{path}: {said}. Say which is read: `columns: {names}`.")
    return held[0]


def _sentences(path: Path) -> Iterator[tuple[int, Sentence]]:
    fields, document = FIXED, ""
    for line, lines in blocks(path):
        if named := next(filter(None, map(NAMES.match, lines)), None):
            fields = tuple(named[1].lower().split())
        try:
            parsed = conllu.parse("\n".join(lines), fields=fields)
        except conllu.exceptions.ParseException as error:  # for an invalid number of a token or a head
            raise UserError(f"{path}:{line}: not CoNLL-U ({error}). Mend the sentence.") from error
        for sentence in parsed:
            document = sentence.metadata.get("newdoc id", document) or document
            tokens: list[tuple[str, Mapping[str, str]]] = [
                (str(token["form"]), _values(token)) for token in sentence if isinstance(token["id"], int)
            ]
            if tokens:
                yield line, (document, tokens)


def _values(token: Mapping[str, Any]) -> dict[str, str]:
    """The values of a token that may be its tag, by the name of the column or of the key in ``MISC``."""
    columns = {name: value for name, value in token.items() if name not in FIXED}
    both = columns | (token.get("misc") or {})
    return {name.lower(): str(value or OUTSIDE) for name, value in both.items() if name.lower() != SPACE}
