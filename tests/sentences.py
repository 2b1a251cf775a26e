"""Measure the language of documents, and of the words in code: ``python tests/sentences.py FILE...``

Prints each page's mean number of words per sentence; headings, tables and code are left out. Fails if a page
has more than 22, or if a page or a file of code has one of ``IDIOMS``, for which there are plainer words.
"""

import re
import sys
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from markdown_it import MarkdownIt
from markdown_it.token import Token
from sentencex import segment

LIMIT = 22
IDIOMS = re.compile(
    r"\b(surely|held against|its kin|hang(s|ing)? on|dear(er|ly)?|go(es|ing)? on from|the same weights"
    r"|as far as can be shown|(tagged|trained|said|says|tells|written|made|computed) otherwise)\b",
    re.IGNORECASE,
)
SHOWN = {"text": "", "softbreak": " ", "hardbreak": " "}


def lengths(markdown: str) -> list[int]:
    """The number of words in each sentence of running text and of lists."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    texts = [
        "".join(map(_text, token.children or []))
        for before, token in pairwise(tokens)
        if (before.type, token.type) == ("paragraph_open", "inline")
    ]
    sentences = (sentence for text in texts for sentence in segment("en", text))
    counts = (sum(any(map(str.isalnum, word)) for word in sentence.split()) for sentence in sentences)
    return [count for count in counts if count > 1]


def _text(token: Token) -> str:
    return SHOWN[token.type] or token.content if token.type in SHOWN else ""


def main() -> int:
    """Print each page's mean, and every idiom; return 1 if a page is too long or an idiom was found."""
    wrong = 0
    for file in map(Path, sys.argv[1:]):
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".md":
            words = fmean(lengths(text) or [0])
            wrong += words > LIMIT
            print(f"{words:5.1f}  {file}{'  too long' if words > LIMIT else ''}")
        for found in IDIOMS.finditer(text):
            wrong += 1
            print(f"{file}:{text.count(chr(10), 0, found.start()) + 1}: {found[0]!r}: say it in plain words")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
