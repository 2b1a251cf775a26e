"""What the benchmark gives other libraries, and what it reads of their answers, means the same entities."""

import sys
from pathlib import Path

import pytest

from mnerflow.data.post import Post
from mnerflow.data.tags import spans

sys.path.append(str(Path(__file__).parents[2] / "benchmarks/peers"))
from exchange import in_characters, in_words, tags_of

POST = Post(
    "1",
    ["RT", "@NBA", ":", "LeBron", "James", "Curry", "in", "München", "😀", "Ohio"],
    ["O", "B-ORG", "O", "B-PER", "I-PER", "B-PER", "O", "B-LOC", "O", "B-LOC"],
)


def test_characters_are_those_of_the_words_that_a_space_joins() -> None:
    text = " ".join(POST.tokens)
    found = [(kind, text[start:end]) for kind, start, end in in_characters(POST)]
    assert found == [
        ("ORG", "@NBA"),
        ("PER", "LeBron James"),
        ("PER", "Curry"),
        ("LOC", "München"),
        ("LOC", "Ohio"),
    ]


def test_what_is_given_reads_back_as_it_was() -> None:
    entities = in_words(POST.tokens, in_characters(POST))
    assert entities == [*spans(POST.labels)]
    assert tags_of(len(POST.tokens), entities) == POST.labels


def test_part_of_a_word_means_the_word() -> None:
    nba = 4  # a tokenizer may part the sign from the name
    assert in_words(POST.tokens, [("ORG", nba, nba + 3)]) == [("ORG", 1, 2)]
    assert in_words(POST.tokens, [("ORG", 2, 3)]) == []  # the space


@pytest.mark.parametrize(
    ("entities", "tags"),
    [
        ([], ["O", "O", "O"]),
        ([("PER", 0, 2), ("PER", 2, 3)], ["B-PER", "I-PER", "B-PER"]),
        ([("PER", 0, 2), ("LOC", 1, 3)], ["B-PER", "I-PER", "O"]),
    ],
)
def test_entities_become_tags(entities: list[tuple[str, int, int]], tags: list[str]) -> None:
    assert tags_of(3, entities) == tags
