"""Texts with character spans: whoever wrote them, the same words get the same tags."""

import json
import logging
from pathlib import Path

import pytest

from mnerflow.data.check import check_data
from mnerflow.data.formats import format_of, parse
from mnerflow.errors import UserError

EU = (["EU", "rejects"], ["B-ORG", "O"])

PRODIGY = {
    "text": "EU rejects",
    "tokens": [
        {"text": "EU", "start": 0, "end": 2, "id": 0},
        {"text": "rejects", "start": 3, "end": 10, "id": 1},
    ],
    "spans": [{"start": 0, "end": 2, "token_start": 0, "token_end": 0, "label": "ORG"}],
    "answer": "accept",
}


def written(folder: Path, *entries: object, whole: bool = False) -> Path:
    path = folder / "train.json"
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    path.write_text(f"[{', '.join(lines)}]" if whole else "\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("entry", "whole"),
    [
        ({"id": 1, "text": "EU rejects", "label": [[0, 2, "ORG"]]}, False),
        ({"id": 1, "text": "EU rejects", "labels": [[0, 2, "ORG"]]}, True),
        ({"text": "EU rejects", "spans": [{"start": 0, "end": 2, "label": "ORG", "token_end": 0}]}, False),
        (
            {
                "text": "EU rejects",
                "entities": [{"id": 9, "start_offset": 0, "end_offset": 2, "label": "ORG"}],
            },
            False,
        ),
        ({"sentence": "EU rejects", "entities": [{"entity_group": "ORG", "start": 0, "end": 3}]}, False),
        (["EU rejects", {"entities": [[0, 2, "ORG"]]}], True),
        ({"tokenized_text": ["EU", "rejects"], "ner": [[0, 0, "ORG"]]}, False),
        (PRODIGY, False),
    ],
    ids=["doccano", "list", "prodigy", "doccano 2", "pipeline", "spacy", "gliner", "ner.manual"],
)
def test_the_forms_that_tools_write(entry: object, whole: bool, tmp_path: Path):
    path = written(tmp_path, entry, whole=whole)
    assert format_of(path) == "spans"
    [post] = parse("spans", path)
    assert (post.tokens, post.labels) == EU
    assert post.id == ("1" if isinstance(entry, dict) and "id" in entry else "train-1")


@pytest.mark.parametrize(
    "entry",
    [
        {"id": 1, "text": "It rained", "label": [], "Comments": ["sure?"]},
        {"text": "It rained", "label": [], "tags": ["news"]},
        PRODIGY | {"text": "It rained", "spans": []},
    ],
)
def test_an_empty_list_under_a_usual_name_says_that_there_is_no_span(entry: dict, tmp_path: Path):
    path = written(tmp_path, entry)
    assert format_of(path) == "spans"
    assert [post.labels for post in parse("spans", path)] == [["O", "O"]]


def test_texts_that_prodigys_annotators_did_not_accept_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    answers = ("reject", "accept", "ignore", "Brussels")  # the last is no answer of an annotator
    path = written(tmp_path, *(PRODIGY | {"answer": answer} for answer in answers))
    with caplog.at_level(logging.WARNING, "mnerflow"):
        assert [post.id for post in parse("spans", path)] == ["train-2", "train-4"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: texts answered reject or ignore, left out: 2"
    ]


def test_posts_with_tags_are_not_taken_for_spans(tmp_path: Path):
    assert format_of(written(tmp_path, {"id": 1, "tokens": ["EU"], "labels": ["B-ORG"]})) == "jsonl"
    task = {"data": {"content": "EU rejects"}, "id": 1, "annotations": [{"result": []}]}
    path = written(tmp_path, task, whole=True)
    assert format_of(path) == "label_studio"
    assert parse("label_studio", path)[0].tokens == EU[0]


def test_a_span_within_a_word_cuts_it(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    japanese = {"text": "東京に行った。", "label": [[0, 2, "LOC"]]}
    half = {"text": "Anti-EU vote, pro-US", "label": [[5, 7, "ORG"], [18, 20, "ORG"]]}
    shifted = {"text": "In Rome now", "label": [[4, 8, "LOC"]]}
    with caplog.at_level(logging.WARNING, "mnerflow"):
        first, second, third = parse("spans", written(tmp_path, japanese, half, shifted))
    assert third.tokens == ["In", "R", "ome", "now"] and third.labels == ["O", "O", "B-LOC", "O"]
    [said] = [record.getMessage() for record in caplog.records]
    assert said.endswith(":3: the span 4–7 LOC cuts a word: R|ome")
    assert (first.tokens[0], first.labels[0]) == ("東京", "B-LOC") and {*first.labels[1:]} == {"O"}
    tagged = [pair for pair in zip(second.tokens, second.labels, strict=True) if pair[1] != "O"]
    assert tagged == [("EU", "B-ORG"), ("US", "B-ORG")]
    assert "".join(first.tokens) == japanese["text"]


def test_white_space_is_trimmed_and_of_nested_spans_the_longest_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    spans = [[0, 9, "Full name"], [0, 3, "First"], [4, 9, "Last"], [13, 19, "LOC"]]
    with caplog.at_level(logging.WARNING, "mnerflow"):
        [post] = parse("spans", written(tmp_path, {"text": "Ann Novák in  Rome ", "label": spans}))
    assert post.labels == ["B-Full_name", "I-Full_name", "O", "B-LOC"]
    said = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert said == [f"left out, a longer span has its words: {span}" for span in ("4–9 Last", "0–3 First")]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"text": "EU", "label": [[0, 9, "ORG"]]}, "span 0–9 holds no word of its text of 2 characters"),
        ({"text": "EU  x", "label": [[2, 4, "ORG"]]}, "span 2–4 holds no word"),
        ({"text": "EU", "label": [[0, 2, ""]]}, "span 1: [0, 2, ''] is no start, end and type"),
        ({"text": "EU", "spans": [{"start": 0, "label": "ORG"}]}, "no field holds spans of a start, an end"),
        ({"text": "EU", "spans": [[0, 1, "A"], {"start": 0, "label": "ORG"}]}, "is no start, end and type"),
        ({"a": "EU", "b": "US", "label": [[0, 2, "ORG"]]}, "which field is the text? Strings are: a, b"),
        ({"text": "EU", "label": [[0, 2, "A"]], "spans": [[0, 2, "B"]]}, "label and spans both hold spans"),
        ({"text": "EU", "label": ["ORG"]}, "no field holds spans"),
        ({"tokenized_text": ["EU"], "ner": [[0, 1, "ORG"]]}, "span 0–1 does not lie in its 1 word"),
    ],
)
def test_what_cannot_be_read_is_named(entry: dict, said: str, tmp_path: Path):
    path = written(tmp_path, entry)
    with pytest.raises(UserError) as error:
        parse("spans", path)
    assert said in str(error.value) and f"{path}:1" in str(error.value)


def test_check_names_the_format_and_what_to_paste(tmp_path: Path):
    written(tmp_path, *({"text": f"EU rejects {n}", "label": [[0, 2, "ORG"]]} for n in range(20)))
    findings = check_data(tmp_path)
    assert (findings.format, findings.types, findings.stops) == ("spans", {"ORG": 20}, False)


def test_the_lines_of_the_page_all_say_the_same(tmp_path: Path):
    page = (Path(__file__).parents[2] / "docs/data.md").read_text(encoding="utf-8")
    lines = page.partition("### Texts with spans")[2].partition("```json\n")[2].partition("```")[0]
    path = written(tmp_path, *map(json.loads, lines.splitlines()))
    assert [(post.tokens, post.labels) for post in parse("spans", path)] == [EU] * 5
