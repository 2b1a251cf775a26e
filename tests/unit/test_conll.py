"""Tables of tokens as they are published, and the schemes of their tags."""

import json
import re
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from mnerflow.data.config import Columns, PrepareConfig
from mnerflow.data.formats import format_of, parse, parse_untagged
from mnerflow.data.post import read_posts
from mnerflow.data.prepare import prepare
from mnerflow.data.schemes import NotInScheme, scheme_of, to_iob2
from mnerflow.data.tags import repair, spans, tag_list, tags_of
from mnerflow.errors import UserError
from mnerflow.plan.own_data import resolve

# Of each: the text, its format, options, and the words and labels that it stands for.
TABLES = {
    "a line of a tab, as WNUT17": (
        "EU\tB-ORG\nrejects\tO\n\t\nPeter\tB-PER",
        "conll",
        {},
        [(["EU", "rejects"], ["B-ORG", "O"]), (["Peter"], ["B-PER"])],
    ),
    "a blank at the end": ("EU B-ORG \nrejects O\n", "conll", {}, [(["EU", "rejects"], ["B-ORG", "O"])]),
    "several blanks": (
        "EU   B-ORG\nso  O\n \nA O\n",
        "conll",
        {},
        [(["EU", "so"], ["B-ORG", "O"]), (["A"], ["O"])],
    ),
    "empty columns at the end": ("EU\tB-ORG\t\t\nso\tO\n", "conll", {}, [(["EU", "so"], ["B-ORG", "O"])]),
    "comments, as MultiCoNER": (
        "# id 1b2 domain=en\ncbs _ _ B-CORP\n# _ _ O\n",
        "conll",
        {},
        [(["cbs", "#"], ["B-CORP", "O"])],
    ),
    "hash signs among columns that are chosen": (
        "# two words\nEU B-ORG NNP\n# O HASH\n##x O HASH\nmet O V\n# not a row\n",
        "conll",
        {"columns": Columns(token=0, tag=1)},
        [(["EU", "#", "##x", "met"], ["B-ORG", "O", "O", "O"])],
    ),
    "a document's head between sentences": (
        "-DOCSTART-\nEU B-ORG\n-DOCSTART- -X- O\nso O\n",
        "conll",
        {},
        [(["EU"], ["B-ORG"]), (["so"], ["O"])],
    ),
    "columns by number": (
        "1 EU B-ORG N\n2 so O V\n",
        "conll",
        {"columns": Columns(token=1, tag=-2)},
        [(["EU", "so"], ["B-ORG", "O"])],
    ),
    "columns by name": (
        "word\tpos\tner\nEU\tN\tB-ORG\n\nso\tV\tO\n",
        "conll",
        {"columns": Columns(token="word", tag="ner")},
        [(["EU"], ["B-ORG"]), (["so"], ["O"])],
    ),
    "CoNLL-U with tags in MISC": (
        "# newdoc id = d\n# sent_id = 1\n1-2\tEUs\t_\t_\t_\t_\t_\t_\t_\t_\n"
        "1\tEU\tEU\tX\tX\t_\t0\troot\t_\tNER=B-ORG|SpaceAfter=No\n2\ts\ts\tX\tX\t_\t1\tx\t_\t_\n",
        "conllu",
        {},
        [(["EU", "s"], ["B-ORG", "O"])],
    ),
    "CoNLL-U Plus": (
        "# global.columns = ID FORM NER\n1\t#\tO\n2\tEU\tB-ORG\n",
        "conllu",
        {},
        [(["#", "EU"], ["O", "B-ORG"])],
    ),
    "HIPE with ends of sentences": (
        "TOKEN\tNE-COARSE-LIT\tNE-FINE-LIT\tMISC\n# hipe2022:document_id = d\n# hipe2022:language = de\n"
        "Wien\tB-loc\tB-loc.adm\tNoSpaceAfter\n.\tO\tO\tEndOfSentence\nJa\tO\tO\t_\n",
        "hipe",
        {},
        [(["Wien", "."], ["B-loc", "O"]), (["Ja"], ["O"])],
    ),
    "HIPE without them, another column": (
        "TOKEN\tNE-COARSE-LIT\tNE-FINE-LIT\tMISC\n# document_id = d\n"
        "He\tO\tO\t_\nleft\tO\tO\t_\nWien\tB-loc\tB-city\tNoSpaceAfter\n.\tO\tO\t_\nWe\tO\tO\t_\nstay\tO\tO\t_\n",
        "hipe",
        {"columns": Columns(token="TOKEN", tag="NE-FINE-LIT")},
        [(["He", "left", "Wien", "."], ["O", "O", "B-city", "O"]), (["We", "stay"], ["O", "O"])],
    ),
    "images of Weibo": ("WID:a\nIMGID:1\nIMGID:2.png\n我\tO\n", "umt", {}, [(["我"], ["O"])]),
    "an empty document": ('{"id": "1", "tokens": [], "labels": []}\n', "jsonl", {}, [([], [])]),
    "a type with a blank": (
        '{"id": "1", "tokens": ["EU"], "labels": ["B-some body"]}\n',
        "jsonl",
        {},
        [(["EU"], ["B-some_body"])],
    ),
    "a text under any key": (
        '{"content": "EU so", "note": "x", "label": [[0, 2, "ORG"]]}\n',
        "spans",
        {"text_key": "content"},
        [(["EU", "so"], ["B-ORG", "O"])],
    ),
}


@pytest.mark.parametrize(("text", "format", "options", "posts"), TABLES.values(), ids=TABLES)
def test_a_table_as_it_is_published(
    text: str, format: str, options: dict, posts: list, tmp_path: Path
) -> None:
    file = tmp_path / "t.txt"
    file.write_text(text, encoding="utf-8")
    assert format_of(file) == format
    assert [(post.tokens, post.labels) for post in parse(format, file, options=options)] == posts


def test_what_a_table_says_besides(tmp_path: Path) -> None:
    for name, groups, images in (
        ("CoNLL-U with tags in MISC", ["d"], [[]]),
        ("HIPE with ends of sentences", ["d", "d"], [[], []]),
        ("images of Weibo", [""], [["1.jpg", "2.png"]]),
    ):
        text, format, options, _ = TABLES[name]
        (tmp_path / "t").write_text(text, encoding="utf-8")
        posts = parse(format, tmp_path / "t", options=options)
        assert ([post.group for post in posts], [post.images for post in posts]) == (groups, images)


@pytest.mark.parametrize(
    ("text", "format", "options", "message"),
    [
        (
            "EU NNP B-NP B-ORG\n",
            "conll",
            {},
            "t:1: of the columns, counted from 0, 2 (B-NP) and 3 (B-ORG) both look like tags",
        ),
        (
            "EU B-ORG NNP\n",
            "conll",
            {},
            "t:1: of the columns, counted from 0, 1 (B-ORG) looks like tags, and 2 (NNP) does not",
        ),
        ("1 EU O\n2 so O\n3 A O\n", "conll", {}, "t:1: the first column counts the tokens"),
        ("s1 EU O\ns1 so O\ns2 A O\n", "conll", {}, "`columns: {token: 1, tag: -1, post: 0}`"),
        ("word ner\nEU O\n", "conll", {"columns": Columns(token="word", tag="nre")}, "did you mean 'ner'"),
        ("EU O\n", "conll", {"columns": Columns(token=0, tag=2)}, "t:1: columns: 2 is none of 2 columns"),
        ("EU\tO\nso\n", "conll", {"columns": Columns(token=0, tag=1)}, "t:2: 2 columns divided by a tab"),
        ("1\tEU\t_\t_\t_\t_\t_\t_\t_\t_\n", "conllu", {}, "t: neither a column nor a key of MISC holds tags"),
        ("1\tEU\t_\t_\t_\t_\t_\t_\t_\tA=B-X|B=B-X\n", "conllu", {}, "t: a, b all hold tags"),
        (
            "1\tEU\t_\t_\t_\t_\t_\t_\t_\tNER=B-X\n",
            "conllu",
            {"columns": Columns(token="FORM", tag="NERR")},
            "t: columns: FORM and the name of a tag are expected, not 'FORM' and 'NERR' (did you mean 'ner'",
        ),
        (
            "1\tEU\t_\t_\t_\t_\t_\t_\t_\tNER=B-X\n",
            "conllu",
            {"columns": Columns(token=1, tag=9)},
            "expected, not 1 and 9. Take a name from ner.",
        ),
        (
            "1\tEU\tB-Y\t_\t_\t_\t_\t_\t_\tNER=B-X\n",
            "conllu",
            {"columns": Columns(token="LEMMA", tag="NER")},
            "expected, not 'LEMMA' and 'NER'",
        ),
        ("1\tEU\t_\t_\t_\t_\tx\t_\t_\tA=B-X\n", "conllu", {}, "t:1: not CoNLL-U"),
        ("TOKEN\tNE-FINE\nEU\tO\n", "hipe", {}, "t:1: columns: no column is called 'NE-COARSE-LIT'"),
        ("TOKEN\tNE-COARSE-LIT\nEU\n", "hipe", {}, "t:2: 2 columns divided by tabs"),
        ('{"a": "x", "label": []}\n', "spans", {"text_key": "b"}, "t:1: no field 'b'"),
        (
            '{"id": 1, "tokens": [], "labels": []}\n',
            "jsonl",
            {"text_key": "b"},
            "text_key: the format jsonl has no use",
        ),
    ],
)
def test_what_cannot_be_told_is_asked(
    text: str, format: str, options: dict, message: str, tmp_path: Path
) -> None:
    (tmp_path / "t").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        parse(format, tmp_path / "t", options=options)
    assert message in str(error.value)


@pytest.mark.parametrize("divider", [" ", "\t"])
@pytest.mark.parametrize("tagged", [True, False])
def test_hash_signs_with_a_type_alone_are_tokens_and_comments_of_as_many_words_are_none(
    divider: str, tagged: bool, tmp_path: Path
) -> None:
    typed = [("EU", "ORG"), ("#", "ORG"), ("##x", "ORG"), ("met", "O"), ("#", "O")]
    rows = ["# news", "##news", "# two words", *(f"{token}{divider}{tag}" for token, tag in typed)]
    path = tmp_path / "t.conll"
    path.write_text("\n".join(rows), encoding="utf-8")
    tokens = [post.tokens for post in parse("conll", path, scheme="io")]
    untagged = [post.tokens for _, post in parse_untagged("conll", path)]
    assert (tokens if tagged else untagged) == [["EU", "#", "##x", "met", "#"]]


SCHEMES = {
    "iob1": (["I-ORG", "B-ORG", "I-ORG", "O", "I-PER"], ["B-ORG", "B-ORG", "I-ORG", "O", "B-PER"]),
    "iob2": (["b-org", "I_org", "o"], ["B-org", "I-org", "O"]),
    "bioes": (
        ["S-ORG", "E-ORG", "B-PER", "M-PER", "E-PER", "O"],
        ["B-ORG", "B-ORG", "B-PER", "I-PER", "I-PER", "O"],
    ),
    "bilou": (["U-ORG", "B-PER", "L-PER", "O"], ["B-ORG", "B-PER", "I-PER", "O"]),
    "io": (["ORG", "ORG", "O", "some body"], ["B-ORG", "I-ORG", "O", "B-some_body"]),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_is_told_and_converted(scheme: str) -> None:
    tags, converted = SCHEMES[scheme]
    assert (scheme_of([tags, ["O"]]), to_iob2(tags, scheme)) == (scheme, converted)


def test_a_file_of_several_schemes_is_of_none() -> None:
    assert scheme_of([["S-ORG"], ["U-ORG"]]) is None and scheme_of([["B-ORG"], ["ORG"]]) is None
    assert scheme_of([["I-ORG"], ["B-ORG"]]) == "iob2"  # strays
    with pytest.raises(NotInScheme):
        to_iob2(["O", "S-ORG"], "iob2")


@given(
    st.lists(st.sampled_from(["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in "XY")]), max_size=8)
)
def test_entities_of_bioes_are_seqevals(tags: list[str]) -> None:
    found = [(kind, start, end - 1) for kind, start, end in spans(to_iob2(tags, "bioes"))]
    assert found == get_entities(tags)


@given(st.lists(st.sampled_from(tag_list(["X", "Y"])), max_size=8))
def test_entities_become_the_tags_that_they_came_from(tags: list[str]) -> None:
    assert tags_of(spans(tags), len(tags)) == repair(tags)


def test_a_data_set_is_prepared_in_its_scheme_and_without_a_type(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        record = {"id": split, "tokens": ["EU", "1", "x"], "labels": ["U-org", "U-CARDINAL", "O"]}
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(record) + "\n")
    (tmp_path / "test.jsonl").open("a").write('{"id": "empty", "tokens": [], "labels": []}\n')
    splits = {split: f"{split}.jsonl" for split in ("train", "dev", "test")}
    config = PrepareConfig("jsonl", ["org"], splits, map={"CARDINAL": "O"}, scheme="bilou")
    report = prepare(config, tmp_path, tmp_path / "out")
    assert report.mapped == {"CARDINAL": 3}
    posts = read_posts(tmp_path / "out/test.jsonl")
    assert [(post.id, post.labels) for post in posts] == [("test", ["B-org", "O", "O"]), ("empty", [])]


def test_a_long_document_without_ends_of_sentences_is_quickly_divided(tmp_path: Path) -> None:
    tokens = "".join(f"{token}\tO\t_\n" for token in ("It", "rains", ".") * 10_000)
    (tmp_path / "t").write_text(f"TOKEN\tNE-COARSE-LIT\tMISC\n{tokens}", encoding="utf-8")
    start = process_time()
    assert [post.tokens for post in parse("hipe", tmp_path / "t")] == [["It", "rains", "."]] * 10_000
    assert process_time() - start < 5  # a search through all tokens for every sentence takes far longer


@pytest.mark.parametrize("format", ["conll", "conllu", "hipe"])
def test_the_examples_of_the_page(format: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/data.md").read_text(encoding="utf-8")
    [text] = re.findall(rf"^`{format}`[^\n]*:\n\n```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "t").write_text(text, encoding="utf-8")
    assert format_of(tmp_path / "t") == format
    [post] = parse(format, tmp_path / "t")
    assert post.tokens == ["EU", "rejects"] and post.labels[0].upper() == "B-ORG"


def test_types_are_found_where_auto_stands_for_them(tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text("EU S-ORG\nAnn S-PERS\n1 S-CARDINAL\n")
    entry = {"folder": str(tmp_path), "format": "conll", "types": "auto", "splits": {"train": "train.conll"}}
    entry |= {"scheme": "bioes", "map": {"PERS": "PER", "CARDINAL": "O"}}
    resolve({"mine": entry})
    assert entry["types"] == ["ORG", "PER"]
    for names, said in (
        ({"ORG": "name", "PER": "name"}, "datasets.mine: type_names: two types are called 'name'"),
        ({"ORGG": "name"}, "datasets.mine: type_names: 'ORGG' is none of the types ORG, PER"),
    ):
        with pytest.raises(UserError, match=said):
            resolve({"mine": entry | {"types": "auto", "type_names": names}})
    (tmp_path / "train.conll").write_text("EU O\n")
    with pytest.raises(UserError, match="not one entity is tagged"):
        resolve({"mine": entry | {"types": "auto"}})
