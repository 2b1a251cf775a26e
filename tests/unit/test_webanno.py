"""WebAnno's TSV 3, as INCEpTION writes it: layers, stacked values, parts of tokens, what is escaped."""

import logging
from pathlib import Path

import pytest

from mnerflow.data.formats import format_of, parse
from mnerflow.errors import UserError

ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value"
POS = "de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue"


def written(folder: Path, name: str, layers: list[str], *sentences: list[str], version: str = "3.3") -> Path:
    """A document; a row is a token and its values, or ``.start-end``, a part of it, and its values."""
    lines = [f"#FORMAT=WebAnno TSV {version}", *(f"#T_{layer}" for layer in layers), ""]
    offset = 0
    for number, rows in enumerate(sentences, start=1):
        lines += ["", f"#Text={' '.join(row.split(' ')[0] for row in rows if row[0] != '.')}"]
        token = part = start = 0
        for row in rows:
            text, *cells = row.split(" ")
            if row[0] == ".":
                part += 1
                first, _, last = text[1:].partition("-")
                head = f"{number}-{token}.{part}\t{start + int(first)}-{start + int(last)}\t?"
            else:
                token, part, start = token + 1, 0, offset
                offset += len(text.encode("utf-16-le")) // 2 + 1
                head = f"{number}-{token}\t{start}-{offset - 1}\t{text}"
            lines.append("\t".join([head, *cells, ""]))
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_named_entities_are_found_among_other_layers(tmp_path: Path) -> None:
    layers = [f"SP={POS}", f"SP={ENTITY}", "RL=webanno.custom.Relation|kind|BT_webanno.custom.Span"]
    path = written(
        tmp_path / "train",
        "a.tsv",
        layers,
        ["Anna N Q1[1] PER[1] _ _", "Novak N Q1[1] PER[1] _ _", "😊 X _ _ kind 1-1", "Bob N * PER _ _"],
        ["Rome N * LOC _ _", "EU N _ ORG\\_x _ _"],
    )
    assert format_of(path) == format_of(path.parent) == "webanno"
    first, second = parse("webanno", path.parent)
    assert (first.id, first.group, second.id) == ("train/a-1", "train/a", "train/a-2")
    assert (first.tokens, first.labels) == (["Anna", "Novak", "😊", "Bob"], ["B-PER", "I-PER", "O", "B-PER"])
    assert second.labels == ["B-LOC", "B-ORG_x"]


def test_neighbours_of_one_type_are_two_names_unless_they_share_a_number(tmp_path: Path) -> None:
    path = written(
        tmp_path, "train.tsv", ["SP=web.Name|kind"], ["Ann PER", "Bob PER", "Eve PER[2]", "Fox PER[2]"]
    )
    [post] = parse("webanno", path)
    assert (post.id, post.labels) == ("train-1", ["B-PER", "B-PER", "B-PER", "I-PER"])


def test_parts_of_tokens_cut_them_and_of_stacked_values_the_longest_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = ["EU-wide _", ".0-2 ORG", "😊Rome-trip _", ".2-6 LOC", "Uni ORG[1]|LOC[2]", "Rome ORG[1]", "x *"]
    path = written(tmp_path, "train.tsv", ["SP=web.Name|kind"], rows)
    with caplog.at_level(logging.WARNING, "mnerflow"):
        [post] = parse("webanno", path)
    assert [*zip(post.tokens, post.labels, strict=True)] == [
        *(("EU", "B-ORG"), ("-wide", "O"), ("😊", "O"), ("Rome", "B-LOC"), ("-trip", "O")),
        *(("Uni", "B-ORG"), ("Rome", "I-ORG"), ("x", "O")),
    ]
    said = [record.getMessage() for record in caplog.records]
    assert "train.tsv:12: left out, without a value or a character: *" in said[0]
    assert said[1].endswith("left out, a longer span has its words: 20–23 LOC")


def test_which_layer_holds_names_is_asked_for_and_may_be_told(tmp_path: Path) -> None:
    layers = ["SP=web.Mood|kind", "SP=web.Name|kind|note"]
    written(tmp_path / "train", "a.tsv", layers, ["Ann glad PER _"])
    with pytest.raises(
        UserError, match=r"There are web.Mood\|kind, web.Name\|kind. .*`layer: web.Mood\|kind`"
    ):
        parse("webanno", tmp_path / "train")
    for layer in ("web.Name", "web.Name|kind"):
        [post] = parse("webanno", tmp_path / "train", options={"layer": layer})
        assert post.labels == ["B-PER"]
    with pytest.raises(UserError, match=r"no document has the layer 'web.Nam'. Name one of: web.Mood\|kind"):
        parse("webanno", tmp_path / "train", options={"layer": "web.Nam"})


def test_empty_documents_are_listed_and_a_document_without_names_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path / "train", "a.tsv", [f"SP={ENTITY}"], ["Ann _ PER[1]"], ["Lee _ PER[1]"])
    written(tmp_path / "train", "bare.tsv", [], ["Nobody"])
    written(tmp_path / "train", "empty.tsv", [])
    with caplog.at_level(logging.WARNING, "mnerflow"):
        posts = parse("webanno", tmp_path / "train")
    assert [post.labels for post in posts] == [["B-PER"], ["B-PER"], ["O"]]
    said = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert said == [
        "continues from the sentence before, a name in each: PER",
        "documents without a word, left out: 1 (train/empty)",
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1-1 0-3 Ann PER", "train.tsv:4: no row of WebAnno's TSV: '1-1 0-3 Ann PER'"),
        ("1-1\t0-3\tAnn\tPER\tx", "train.tsv:4: 2 values, but its head names 1 feature."),
        ("1-1\t3-3\tAnn\tPER", "train.tsv:4: the token 'Ann' at 3–3 does not follow the one before"),
        ("1-1.1\t0-3\tAnn\tPER", "train.tsv:4: a part that does not lie in the token before it"),
        ("1-1\t0-3\tAnn\tPER[1]\n1-2\t4-5\ta\t_\n1-3\t6-7\tb\tPER[1]", "train.tsv:4: PER[1] is on tokens"),
        (
            "1-1\t0-4\tAnn\t_\n1-1.1\t0-2\tAn\tPER",
            "train.tsv:4: an annotation cuts the token 'Ann', which has",
        ),
    ],
)
def test_what_cannot_be_read_is_named(row: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, "train.tsv", ["SP=web.Name|kind"])
    path.write_text(path.read_text() + row + "\n", encoding="utf-8")
    with pytest.raises(UserError) as error:
        parse("webanno", path)
    assert said in str(error.value)


def test_an_older_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "train.tsv", [], ["Ann"], version="2.0")
    assert format_of(path) == "webanno"
    with pytest.raises(UserError, match=r"not WebAnno's TSV 3, but '#FORMAT=WebAnno TSV 2.0'. Export it as"):
        parse("webanno", path)
