"""Demo posts: tweet-like texts in which some names do not determine their type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from string import ascii_letters, digits
from typing import TypeVar

from mnerflow.data.demo.names import AMBIGUOUS, ENTITY_TYPES, UNAMBIGUOUS
from mnerflow.data.demo.templates import (
    EMOJI,
    ENDS,
    HASHTAGS,
    JOINTS,
    NEUTRAL,
    NO_NAME,
    ONE_NAME,
    TWO_NAMES,
    USERS,
)
from mnerflow.data.tags import OUTSIDE, entity_tags

MIN_TOKENS, MAX_TOKENS = 6, 16
NO_NAME_SHARE = 0.05
TWO_NAMES_SHARE = 0.4


@dataclass(frozen=True)
class Mention:
    """One entity of a post: its type, and the types that the text leaves open (equally likely)."""

    name: tuple[str, ...]
    type: str
    open_types: tuple[str, ...]

    @property
    def ambiguous(self) -> bool:
        """Whether the text leaves more than one type open."""
        return len(self.open_types) > 1


@dataclass
class Draft:
    """A post in the making: tokens, their tags and the entities in the order of the text."""

    tokens: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)

    def add(self, *tokens: str) -> None:
        """Append tokens outside every entity."""
        self.tokens += tokens
        self.labels += [OUTSIDE] * len(tokens)

    def add_mention(self, mention: Mention) -> None:
        """Append the tokens of an entity."""
        self.tokens += mention.name
        self.labels += entity_tags(mention.type, len(mention.name))
        self.mentions.append(mention)


def make_posts(number: int, ambiguous: float, rng: Random) -> list[Draft]:
    """Write ``number`` posts of 6 to 17 tokens in which the share ``ambiguous`` of all entities is ambiguous.

    A twentieth of the posts has no entity. The others have one or two, at most one of them ambiguous. The
    type of an ambiguous name is independent of everything else in its post. Within a split, each name
    and each of its types come up equally often, so chance gives no type an advantage.
    """
    with_names = number - round(NO_NAME_SHARE * number)
    # Each post has at most one ambiguous name, so a high share leaves fewer posts with two names.
    two_names_share = min(TWO_NAMES_SHARE, 1 / ambiguous - 1) if ambiguous else TWO_NAMES_SHARE
    two_names = _shuffled_flags(two_names_share, with_names, rng)
    with_ambiguous = _shuffled_flags(ambiguous * (1 + two_names_share), with_names, rng)
    ambiguous_mentions = _ambiguous_mentions(rng)

    drafts = [_write([rng.choice(NO_NAME)], None, rng) for _ in range(number - with_names)]
    for two, has_ambiguous in zip(two_names, with_ambiguous, strict=True):
        if has_ambiguous:
            sentences = [rng.choice(NEUTRAL), *([rng.choice(ONE_NAME)] if two else [])]
            rng.shuffle(sentences)
            drafts.append(_write(sentences, next(ambiguous_mentions), rng))
        elif two and rng.random() < 0.5:
            drafts.append(_write(rng.sample(ONE_NAME, 2), None, rng))
        else:
            drafts.append(_write([rng.choice(TWO_NAMES if two else ONE_NAME)], None, rng))
    rng.shuffle(drafts)
    return drafts


def _shuffled_flags(share: float, number: int, rng: Random) -> list[bool]:
    flags = [index < round(share * number) for index in range(number)]
    rng.shuffle(flags)
    return flags


def _ambiguous_mentions(rng: Random) -> Iterator[Mention]:
    """Yield ambiguous mentions endlessly; names, and the types of each name, come in shuffled rounds."""
    types = {name: _shuffled_rounds(open_types, rng) for name, open_types in AMBIGUOUS.items()}
    for name in _shuffled_rounds(tuple(AMBIGUOUS), rng):
        yield Mention(name, next(types[name]), AMBIGUOUS[name])


Item = TypeVar("Item")


def _shuffled_rounds(items: Sequence[Item], rng: Random) -> Iterator[Item]:
    while True:
        yield from rng.sample(items, len(items))


def _write(sentences: list[tuple[str, ...]], ambiguous: Mention | None, rng: Random) -> Draft:
    """Fill the slots of the sentences, join them and decorate them like tweets."""
    draft = Draft()
    room = MAX_TOKENS - _longest(sentences)
    if room >= 3 and rng.random() < 0.12:
        draft.add("RT", rng.choice(USERS), ":")
    elif room >= 1 and rng.random() < 0.2:
        draft.add(rng.choice([*USERS, *EMOJI]))
    for index, sentence in enumerate(sentences):
        if index and _longest(sentences[index:]) + len(draft.tokens) < MAX_TOKENS:
            draft.add(rng.choice(JOINTS))
        for token in sentence:
            if token == "NAME" and ambiguous:
                draft.add_mention(ambiguous)
            elif token in ENTITY_TYPES:
                draft.add_mention(Mention(rng.choice(UNAMBIGUOUS[token]), token, (token,)))
            else:
                draft.add(token)
    wanted = max(MIN_TOKENS - len(draft.tokens), rng.choice((0, 0, 1, 1, 2, 3)))
    for _ in range(min(wanted, MAX_TOKENS - len(draft.tokens))):
        draft.add(_ending(rng))
    return draft


def _longest(sentences: list[tuple[str, ...]]) -> int:
    """The largest number of tokens that the sentences can have: a name has up to three."""
    return sum(3 if token in ENTITY_TYPES or token == "NAME" else 1 for s in sentences for token in s)


def _ending(rng: Random) -> str:
    if rng.random() < 0.12:
        return "https://t.co/" + "".join(rng.choices(ascii_letters + digits, k=8))
    return rng.choice(rng.choice((HASHTAGS, HASHTAGS, EMOJI, ENDS)))
