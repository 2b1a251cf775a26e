"""Problems of the posts themselves: their fields, ids, splits, tags, tokens and types."""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from difflib import SequenceMatcher
from functools import cache
from unicodedata import category

from mnerflow.data.check.findings import Findings, Problem, short
from mnerflow.data.formats._objects import entries
from mnerflow.data.pages.names import TABLES
from mnerflow.data.post import SPLITS
from mnerflow.data.post_store import Places
from mnerflow.data.prepare_report import WITHOUT_ENTITIES, straddling
from mnerflow.data.tags import OUTSIDE, entity_type, spans, strays
from mnerflow.errors import UserError, listed, quantity, suggest
from mnerflow.registry import load

LONG = 100  # tokens; longer than nearly every sentence
QUOTED = re.compile(r'"(?:[^"]|"")*""(?:[^"]|"")*"')  # as spreadsheets write a cell with a quotation mark
NEAR = 5  # neighbours on either side that are searched for a similar name


def problems_of_posts(findings: Findings) -> Iterator[Problem]:
    """Yield every problem of the posts."""
    for look in (_fields, _ids, _splits, _empty, _lengths, _tags, _tokens, _types):
        yield from look(findings)


def _fields(findings: Findings) -> Iterator[Problem]:
    source = load("data.formats", findings.format, "format")
    if not hasattr(source, "unread"):
        return
    for path in {findings.folder / name: None for names in findings.files.values() for name in names}:
        found: Counter[str] = Counter()
        with suppress(UserError):  # a malformed line has been reported already
            for number, entry in entries(path):
                unread = source.unread(entry, f"{path}:{number}", **findings.hints.options)
                found.update(unread - {findings.split_key})
        for name, count in sorted(found.items()):
            yield Problem(
                f"{path}: the field {name!r}, in {quantity(count, 'post')}",
                "The field is not read. Rename it if it should be.",
                False,
            )


def _ids(findings: Findings) -> Iterator[Problem]:
    places = Places()
    for place, post in findings.posts():
        if first := places.add(post.id, place.rpartition(": post")[0]):
            yield Problem(f"{place} has the id of {first}", "Give every post an id of its own.")


def _splits(findings: Findings) -> Iterator[Problem]:
    missing = [split for split in SPLITS if split not in findings.files]
    if missing:
        groups: set[str] = set()
        for post in findings.splits["train"]:
            groups.add(post.group or post.id)
            if len(groups) > len(missing):
                break
        what = f"{findings.folder}: no file for {' and '.join(missing)}"
        if len(groups) > len(missing):
            remedy = "Add the file, or choose `dev_fraction`, `test_fraction` and `seed`."
            yield Problem(f"{what}, so a tenth of train is drawn", remedy, False)
        else:
            few = (
                f"train has {quantity(len(groups), 'post or group', 'posts or groups')}, too few to draw from"
            )
            yield Problem(f"{what}, and {few}", "Add the file, or give train more posts.")
    for what, key, remedy in (
        (
            "text",
            lambda post: " ".join(post.tokens),
            "Keep each text in one split: a model may remember a text that it was trained on.",
        ),
        (
            "group",
            lambda post: post.group,
            "Keep each group in one split, or remove the split files so that the splits are drawn.",
        ),
    ):
        for found in straddling(findings.splits, key):
            places = "; ".join(f"{split} {', '.join(ids)}" for split, ids in found["ids"].items())
            yield Problem(f"{what} {short(found['value'])!r} is in several splits: {places}", remedy, False)


def _empty(findings: Findings) -> Iterator[Problem]:
    for place, post in findings.posts():
        if not post.tokens:
            yield Problem(f"{place} has no tokens", "The post stays, but there is nothing to read.", False)


def _tags(findings: Findings) -> Iterator[Problem]:
    for place, post in findings.posts():
        for index in strays(post.labels):
            tag, after = post.labels[index], post.labels[index - 1] if index else "the start"
            yield Problem(
                f"{place}, token {index + 1} ({short(post.tokens[index])!r}): {tag} after {after}",
                "A stray I- counts as the start of an entity. Set `repair: true` to read it as B-.",
                False,
            )
    for split, posts in findings.splits.items():
        if posts and all(tag == OUTSIDE for post in posts for tag in post.labels):
            what = f"{findings.name(split)}: not one entity in {quantity(len(posts), 'post')}"
            remedy = f"{WITHOUT_ENTITIES[split].capitalize()}. Check whether these are the right tags."
            yield Problem(what, remedy, False)


def _tokens(findings: Findings) -> Iterator[Problem]:
    for place, post in findings.posts():
        for index, token in enumerate(post.tokens):
            # Separators, control and format characters, and marks (U+FE0F) without a base character.
            if all(category(character)[0] in "ZCM" for character in token):
                yield Problem(
                    f"{place}, token {index + 1}: {token!a} is invisible",
                    "The token stays and is scored. Remove it with its tag if you do not want that.",
                    False,
                )
            elif token != token.strip():
                yield Problem(
                    f"{place}, token {index + 1}: {token!r} begins or ends with white space",
                    "Remove it: no word of a new text has any, so a model would know none of these words.",
                    False,
                )
            elif QUOTED.fullmatch(token):
                yield Problem(
                    f"{place}, token {index + 1}: {token} was quoted, and its quotation marks doubled",
                    "Save the table without quoting its cells (in pandas, `quoting=csv.QUOTE_NONE`).",
                    False,
                )


def _lengths(findings: Findings) -> Iterator[Problem]:
    """Yield a problem if the ends of posts seem to be lost, or to be everywhere."""
    if findings.format not in TABLES:
        return
    for split, posts in findings.splits.items():
        lengths = Counter(len(post.tokens) for post in posts)
        if lengths.total() == 1 and max(lengths) > LONG:
            what = f"one post with {quantity(max(lengths), 'token')}"
        elif lengths.total() > 1 and lengths.keys() <= {0, 1}:
            what = f"{quantity(lengths.total(), 'post')}, none with two tokens"
        else:
            continue
        yield Problem(
            f"{findings.name(split)}: {what}",
            "An empty line ends a post. Put one after each sentence, and nowhere else.",
            False,
        )


def _types(findings: Findings) -> Iterator[Problem]:
    types = findings.hints.types
    near = _neighbours(types or findings.types)
    if types:
        known = {*types}
        hint = cache(lambda kind: suggest(kind, near(kind)))
        for place, post in findings.posts():
            for index, tag in enumerate(post.labels):
                kind = entity_type(tag)
                if kind and kind not in known:
                    where = f"{place}, token {index + 1}"
                    yield Problem(
                        f"{where}: the label {tag!r} is none of {listed(types)}{hint(kind)}",
                        "Correct it, add its type to --types, or rename it with `map`.",
                    )
    else:
        rank = {kind: number for number, kind in enumerate(findings.types)}
        for one, count in findings.types.items():
            entities = quantity(count, "entity", "entities")
            for other in sorted(near(one), key=rank.__getitem__):
                if rank[other] > rank[one] and _alike(one, other):
                    yield Problem(
                        f"types {one} ({entities}) and {other} ({findings.types[other]})",
                        "If they are the same type, rename the rarer one with `map: {RARER: OTHER}`.",
                        False,
                    )
    in_train = {kind for post in findings.splits["train"] for kind, _, _ in spans(post.labels)}
    for kind in types or findings.types:
        if kind not in in_train:
            what = f"{findings.name('train')}: no entity of the type {kind}"
            yield Problem(what, "A model cannot learn a type that is not in the training split.", False)


def _neighbours(names: Iterable[str]) -> Callable[[str], set[str]]:
    """Return a function that finds the ``names`` near a given one in the alphabet, forwards or backwards.

    Similar names differ either early or late, so they are among these neighbours. The neighbours are few,
    however many names there are.
    """
    orders = [(step, sorted((name.casefold()[::step], name) for name in names)) for step in (1, -1)]

    def near(name: str) -> set[str]:
        found: set[str] = set()
        for step, order in orders:
            index = bisect(order, (name.casefold()[::step], name))
            found.update(other for _, other in order[max(0, index - NEAR) : index + NEAR])
        return found

    return near


def _alike(one: str, other: str) -> bool:
    if re.sub(r"\d", "", one) == re.sub(r"\d", "", other):  # T1 and T10 are numbered, not misspelt
        return False
    one, other = sorted((one.casefold(), other.casefold()), key=len)
    return other.startswith(one) or SequenceMatcher(None, one, other).ratio() >= 0.8
