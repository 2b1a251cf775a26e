"""Split raw text into words with offsets, in the same way as the data sets that a run may be trained on.

``words``
    Unicode's word boundaries (ICU, with its dictionaries for scripts without spaces), with every punctuation
    mark as a word of its own: ``Trump ' s``, ``# news``, ``1 . 8``. For Twitter-2017 and Twitter10000.
``tweets``
    NLTK's tokenizer for tweets, which keeps hashtags, users, addresses and smileys whole. For Twitter-2015.
``treebank``
    NLTK's Penn Treebank tokenizer, sentence by sentence: ``Ann 's``, ``1.8``, ``dr.``. For CoNLL and PONER.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import regex
from icu4py.breakers import CharacterBreaker, WordBreaker
from tokenizers.pre_tokenizers import BertPreTokenizer

from mnerflow.data.config import TokenizerName
from mnerflow.data.offsets import Offsets

if TYPE_CHECKING:
    from nltk.tokenize.casual import TweetTokenizer

LANGUAGE = "en"
SEEN = re.compile(r"\S+")
# Scripts without spaces, in which only a dictionary can tell where a word ends.
UNSEGMENTED = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Han}\p{Hiragana}\p{Katakana}]")


def tokenize(text: str, tokenizer: TokenizerName = "words", language: str = LANGUAGE) -> list[Offsets]:
    """The start and end (exclusive) of each word of ``text``, in characters, from left to right.

    Together the words cover everything but white space. No word is empty, and none separates a character
    from its accents. A text in a script without spaces is always tokenized by ``words``.
    """
    if UNSEGMENTED.search(text):
        tokenizer = "words"
    found = TOKENIZERS[tokenizer](text, language)
    # NLTK takes `. . .` for one word, and does not take \x1f for white space.
    spans = (
        (start + part.start(), start + part.end())
        for start, end in found
        for part in SEEN.finditer(text[start:end])
    )
    return [*spans] if text.isascii() else [*_whole_characters(text, spans)]


def sentences(text: str, language: str = LANGUAGE) -> list[Offsets]:
    """The start and end of each sentence of ``text``, without the white space between them."""
    from sentencex import get_sentence_boundaries

    spans = []
    for found in get_sentence_boundaries(language, text):
        start, end = found["start_index"], found["end_index"]
        sentence = text[start:end]
        start += len(sentence) - len(sentence.lstrip())
        if stripped := sentence.strip():
            spans.append((start, start + len(stripped)))
    return spans


def _words(text: str, language: str) -> Iterator[Offsets]:
    marks, offset = BertPreTokenizer(), 0
    for segment in map(str, WordBreaker(text, language)):
        if not segment.isspace():
            yield from ((offset + start, offset + end) for _, (start, end) in marks.pre_tokenize_str(segment))
        offset += len(segment)


@cache
def _tweet_tokenizer() -> "TweetTokenizer":
    from nltk.tokenize.casual import TweetTokenizer

    return TweetTokenizer()


def _tweets(text: str, language: str) -> Iterator[Offsets]:
    # `TweetTokenizer.tokenize` would turn &amp; into & and shorten !!!!
    return (found.span() for found in _tweet_tokenizer().WORD_RE.finditer(text))


def _treebank(text: str, language: str) -> Iterator[Offsets]:
    from nltk.tokenize.destructive import NLTKWordTokenizer

    for first, last in sentences(text, language):
        sentence = text[first:last]
        try:
            spans = [*NLTKWordTokenizer().span_tokenize(sentence)]
        except ValueError:  # it rewrites some quotation marks and can then no longer find them
            spans = [*_words(sentence, language)]
        yield from ((first + start, first + end) for start, end in spans)


TOKENIZERS: dict[str, Callable[[str, str], Iterable[Offsets]]] = {
    "words": _words,
    "tweets": _tweets,
    "treebank": _treebank,
}


def _whole_characters(text: str, spans: Iterable[Offsets]) -> Iterator[Offsets]:
    """Yield the words, joining those whose boundary would cut a character."""
    begins, offset = set(), 0
    for character in map(str, CharacterBreaker(text, LANGUAGE)):
        begins.add(offset)
        offset += len(character)
    open_start = open_end = 0
    for start, end in spans:
        if open_end and (start in begins or start > open_end):
            yield open_start, open_end
            open_start = start
        elif not open_end:
            open_start = start
        open_end = end
    if open_end:
        yield open_start, open_end
