"""Measure how long the sentences of documents are: ``python tests/sentences.py FILE.md...``

Prints the words a sentence of each page; headings, tables and code are left out. Fails above 22 on average.
"""

import sys
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from markdown_it import MarkdownIt
from markdown_it.token import Token
from sentencex import segment

MOST = 22
SHOWN = {"text": "", "softbreak": " ", "hardbreak": " "}


def lengths(markdown: str) -> list[int]:
    """Words of each sentence of running text and of lists."""
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
    """Print the mean of each file; return 1 where one is too long."""
    too_long = 0
    for file in sys.argv[1:]:
        words = fmean(lengths(Path(file).read_text(encoding="utf-8")) or [0])
        too_long += words > MOST
        print(f"{words:5.1f}  {file}{'  too long' if words > MOST else ''}")
    return int(bool(too_long))


if __name__ == "__main__":
    sys.exit(main())
