"""brat's standoff: names keep their places, documents of any length are read, and nothing is lost unsaid."""

import logging
from pathlib import Path

import pytest

from mnerflow.data.formats import companions_of, format_of, parse
from mnerflow.errors import UserError

TEXT = "Anna Novak met 😊 Bob in New\nYork. Dr. Eve left EU-wide."


def pair(folder: Path, name: str, text: str, *names: tuple[str, str], more: str = "") -> None:
    """A document; each name is its type and its text, which stands once."""
    lines = []
    for number, (kind, words) in enumerate(names, start=1):
        start = text.index(words)
        shown = words.replace("\n", " ")
        lines.append(f"T{number}\t{kind} {start} {start + len(words)}\t{shown}\n")
    folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
    folder.joinpath(f"{name}.txt").write_bytes(text.encode())
    folder.joinpath(f"{name}.ann").write_bytes(("".join(lines) + more).encode())


def tagged(post) -> list[tuple[str, str]]:
    return [pair for pair in zip(post.tokens, post.labels, strict=True) if pair[1] != "O"]


def test_a_post_is_a_sentence_and_a_name_joins_what_it_reaches_over(tmp_path: Path) -> None:
    names = ("PER", "Anna Novak"), ("PER", "Bob"), ("LOC", "New\nYork"), ("PER", "Dr. Eve"), ("ORG", "EU")
    pair(tmp_path / "train", "sub/a", TEXT, *names, more="R1\tIn Arg1:T1 Arg2:T2\n#1\tNote T1\tsure?\n")
    assert format_of(tmp_path / "train") == "brat"
    first, second = parse("brat", tmp_path / "train")
    assert (first.id, second.id, first.group) == ("train/sub/a-1", "train/sub/a-2", "train/sub/a")
    assert tagged(first) == [
        *(("Anna", "B-PER"), ("Novak", "I-PER"), ("Bob", "B-PER"), ("New", "B-LOC"), ("York", "I-LOC"))
    ]
    assert tagged(second) == [("Dr", "B-PER"), (".", "I-PER"), ("Eve", "I-PER"), ("EU", "B-ORG")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_count_every_line_end_and_mark(end: str, mark: str, tmp_path: Path) -> None:
    pair(tmp_path, "train", f"{mark}Ann came.{end}{end}Bob left.{end}", ("PER", "Ann"), ("PER", "Bob"))
    for file in (tmp_path / "train.txt", tmp_path / "train.ann"):
        posts = parse("brat", file)
        assert [(post.id, post.tokens[0], post.labels[0]) for post in posts] == [
            *(("train-1", "Ann", "B-PER"), ("train-2", "Bob", "B-PER"))
        ]
        assert len(companions_of("brat", file)) == 1
    assert format_of(tmp_path / "train.ann") == "brat"


def test_what_is_left_out_is_listed_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "University of Rome and Milan"
    more = "T8\tORG 0 13;23 28\tUniversity of Milan\nT9\tORG 0 10;11 18\tUniversity of Rome\n"
    pair(tmp_path / "train", "a", text, ("LOC", "Rome"), more=more)
    pair(tmp_path / "train", "blank", " \n")
    pair(tmp_path / "train", "bare", "Nobody.")
    with caplog.at_level(logging.WARNING, "mnerflow"):
        first, second = parse("brat", tmp_path / "train")
    assert tagged(first) == [("University", "B-ORG"), ("of", "I-ORG"), ("Rome", "I-ORG")]
    assert second.group == "train/bare"
    said = "\n".join(record.getMessage() for record in caplog.records)
    for part in (
        "a.ann:2: left out, in pieces with words between them: T8",
        "a.ann: left out, a longer span has its words: 14–18 LOC",
        "train: documents without a word, left out: 1 (train/blank)",
        "train: documents without annotations, all tagged O: 1 (train/bare)",
        "train: names: 3, of which left out: 1 in pieces, 1 overlapping a longer one",
    ):
        assert part in said


def test_a_document_may_be_longer_than_a_post(tmp_path: Path) -> None:
    pair(tmp_path / "train", "long", "It rained on us. " * 3000 + "Ann laughed.", ("PER", "Ann"))
    posts = parse("brat", tmp_path / "train")
    assert len(posts) == 3001 and tagged(posts[-1]) == [("Ann", "B-PER")]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("T1\tPER 0 3\tBob\n", "a.ann:1: it quotes 'Bob', but 'Ann' stands there"),
        ("T1\tPER 0 99\tAnn\n", "a.ann:1: the span 0–99 holds no word of its text of 10 characters"),
        ("T1\tPER 3 4\t \n", "a.ann:1: the span 3–4 holds no word"),
        ("T1 PER 0 3 Ann\n", "a.ann:1: no annotation of brat's: 'T1 PER 0 3 Ann'"),
        ("T1\tPER 3 0\tAnn\n", "a.ann:1: the span 3–0 holds no word"),
    ],
)
def test_what_cannot_be_read_is_named_and_other_documents_are_read(
    more: str, said: str, tmp_path: Path
) -> None:
    pair(tmp_path / "train", "a", "Ann sings.", more=more)
    pair(tmp_path / "train", "b", "Bob sings.", ("PER", "Bob"))
    problems: list[UserError] = []
    assert [post.id for post in parse("brat", tmp_path / "train", problems)] == ["train/b-1"]
    [problem] = problems
    assert said in str(problem)


@pytest.mark.parametrize(("lacking", "there"), [("txt", "ann"), ("ann", "txt")])
def test_one_file_of_a_pair_alone_is_an_error(lacking: str, there: str, tmp_path: Path) -> None:
    pair(tmp_path / "train", "a", "Ann sings.", ("PER", "Ann"))
    (tmp_path / f"train/a.{lacking}").unlink()
    with pytest.raises(UserError, match=rf"a\.{there}: no a\.{lacking} beside it"):
        parse("brat", tmp_path / "train")


def test_tokens_with_tags_are_not_taken_for_annotations(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("Anna\tB-PER\nEU\tB-ORG\nT1\tO\n", encoding="utf-8")
    assert format_of(tmp_path / "train.tsv") == "conll"
