"""Raw text is cut as the data sets have it, and no place in it is ever off."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnerflow.data.tokenizers import TOKENIZERS, sentences, tokenize

PIECES = [
    *(
        "Ann's",
        "U.S.",
        '"Hi"',
        "``",
        "''",
        "http://t.co/x",
        "@a_b",
        "#tag",
        "😂😂",
        "👨\u200d👩\u200d👧",
        "🇨🇿",
    ),
    *(
        "e\u0301",
        "&amp;",
        ":-)",
        "!!!!!",
        "...",
        "1.8",
        "ภาษาไทย",
        "東京に行く",
        " ",
        "\u2028",
        "\t",
        "\u200b",
    ),
    *("don't", "gonna", "dr.", "cafe\u0301s"),
]
TEXTS = st.text() | st.lists(st.sampled_from(PIECES)).map("".join)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(text=TEXTS)
def test_words_hold_all_that_is_to_be_seen_once(tokenizer: str, text: str):
    spans = tokenize(text, tokenizer)
    words = [text[start:end] for start, end in spans]
    assert "".join(words) == "".join(text.split()) and all(words)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    starts = (start for start, _ in spans if start and not text[start - 1].isspace())
    assert not any(unicodedata.combining(text[start]) for start in starts)


@given(text=TEXTS)
def test_sentences_hold_all_that_is_to_be_seen_once(text: str):
    assert "".join("".join(text[start:end] for start, end in sentences(text)).split()) == "".join(
        text.split()
    )


@pytest.mark.parametrize(
    ("tokenizer", "text", "words"),
    [
        ("words", "Trump's in Paris, #news 😂😂!", "Trump ' s in Paris , # news 😂 😂 !"),
        (
            "tweets",
            "RT @Ann_B: Trump's in #Paris, see http://t.co/1 &amp;",
            "RT @Ann_B : Trump's in #Paris , see http://t.co/1 & amp ;",
        ),
        ("treebank", "Ann's dr. met Bob. He said 1.8.", "Ann 's dr. met Bob . He said 1.8 ."),
        ("treebank", "我去东京。", "我去 东京 。"),
        ("tweets", "ภาษาไทยง่าย", "ภาษา ไทย ง่าย"),
    ],
)
def test_as_the_training_data_is_cut(tokenizer: str, text: str, words: str):
    assert [text[start:end] for start, end in tokenize(text, tokenizer)] == words.split()


def test_sentences_of_a_document():
    text = "Dr. Novak came from St. Louis.  She sang!\n\nThen 😂 it rained."
    found = [text[start:end] for start, end in sentences(text)]
    assert found == ["Dr. Novak came from St. Louis.", "She sang!", "Then 😂 it rained."]
