"""Words of raw text, with their places in it, as the data sets that a run may be trained on have them.

``words``
    Unicode's word boundaries (ICU, with its dictionaries for scripts without spaces), every punctuation mark
    a word of its own: ``Trump ' s``, ``# news``, ``1 . 8``. So Twitter-2017 and Twitter10000 are cut.
``tweets``
    NLTK's tokenizer of tweets, which leaves hashtags, users, addresses and smileys whole: Twitter-2015.
``treebank``
    NLTK's tokenizer of the Penn Treebank, sentence by sentence: ``Ann 's``, ``1.8``, ``dr.``. CoNLL, PONER.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import regex
from icu4py.breakers import CharacterBreaker, WordBreaker
from tokenizers.pre_tokenizers import BertPreTokenizer

from mnerflow.data.config import TokenizerName

if TYPE_CHECKING:
    from nltk.tokenize.casual import TweetTokenizer

Span = tuple[int, int]
LANGUAGE = "en"
SEEN = re.compile(r"\S+")
# Only a dictionary tells where a word ends.
UNSEGMENTED = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Han}\p{Hiragana}\p{Katakana}]")


def tokenize(text: str, tokenizer: TokenizerName = "words", language: str = LANGUAGE) -> list[Span]:
    """Where the words of ``text`` begin and end (exclusive), in characters, from left to right.

    Together they hold all that is no white space; none is empty, and none cuts a character from its accents.
    A text of a script without spaces is cut as ``words`` say, whatever the tokenizer.
    """
    if UNSEGMENTED.search(text):
        tokenizer = "words"
    found = TOKENIZERS[tokenizer](text, language)
    # NLTK holds `. . .` for a word, and \x1f for none that is white.
    spans = (
        (start + part.start(), start + part.end())
        for start, end in found
        for part in SEEN.finditer(text[start:end])
    )
    return [*spans] if text.isascii() else [*_whole_characters(text, spans)]


def sentences(text: str, language: str = LANGUAGE) -> list[Span]:
    """Where the sentences of ``text`` begin and end, the white space between them left out."""
    from sentencex import get_sentence_boundaries

    spans = []
    for found in get_sentence_boundaries(language, text):
        start, end = found["start_index"], found["end_index"]
        sentence = text[start:end]
        start += len(sentence) - len(sentence.lstrip())
        if stripped := sentence.strip():
            spans.append((start, start + len(stripped)))
    return spans


def _words(text: str, language: str) -> Iterator[Span]:
    marks, offset = BertPreTokenizer(), 0
    for segment in map(str, WordBreaker(text, language)):
        if not segment.isspace():
            yield from ((offset + start, offset + end) for _, (start, end) in marks.pre_tokenize_str(segment))
        offset += len(segment)


@cache
def _tweet_tokenizer() -> "TweetTokenizer":
    from nltk.tokenize.casual import TweetTokenizer

    return TweetTokenizer()


def _tweets(text: str, language: str) -> Iterator[Span]:
    # Its method `tokenize` would turn &amp; into & and shorten !!!!
    return (found.span() for found in _tweet_tokenizer().WORD_RE.finditer(text))


def _treebank(text: str, language: str) -> Iterator[Span]:
    from nltk.tokenize.destructive import NLTKWordTokenizer

    for first, last in sentences(text, language):
        sentence = text[first:last]
        try:
            spans = [*NLTKWordTokenizer().span_tokenize(sentence)]
        except ValueError:  # it changes some quotation marks, and no longer finds them
            spans = [*_words(sentence, language)]
        yield from ((first + start, first + end) for start, end in spans)


TOKENIZERS: dict[str, Callable[[str, str], Iterable[Span]]] = {
    "words": _words,
    "tweets": _tweets,
    "treebank": _treebank,
}


def _whole_characters(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """The words, those joined between which a character would be cut."""
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
