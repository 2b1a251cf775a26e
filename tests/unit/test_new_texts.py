"""What `mnerflow predict` reads of annotated files is what a format reads, without its labels."""

import json
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest

from mnerflow.data.config import Columns
from mnerflow.data.formats import format_of, parse
from mnerflow.errors import UserError
from mnerflow.prediction.texts import Cutter, Text, form_of, of_file, of_record

CONLLU = (
    "# newdoc id = monday\n1\tEU\tEU\tPROPN\t_\t_\t2\tnsubj\t_\tNER=B-ORG\n"
    "2\trejects\treject\tVERB\t_\t_\t0\troot\t_\t_\n"
)
HIPE = (
    "TOKEN\tNE-COARSE-LIT\tMISC\n# hipe2022:document_id = monday\nEU\tB-org\t_\nrejects\tO\tEndOfSentence\n"
)
WEBANNO = (
    "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.Name|kind\n\n"
    "#Text=Anna came\n1-1\t0-4\tAnna\tPER\n1-2\t5-9\tcame\t_\n"
)
# Of each the file's name and text, and the options without which its format does not read its tags.
TABLES = {
    "a line of a tab": ("a.conll", "EU\tB-ORG\nrejects\tO\n\t\nPeter\tB-PER\n", {}),
    "blanks after the tag": ("a.conll", "EU B-ORG \nrejects O \n\nPeter B-PER \n", {}),
    "bare types": ("a.bio", "EU ORG\nrejects O\n", {"scheme": "io"}),
    "BIOES": ("a.tsv", "EU\tS-ORG\nrejects\tO\n", {"scheme": "bioes"}),
    "a comment before the tokens": ("a.conll", "# id 1b2 domain=en\ncbs _ _ B-CORP\nnews _ _ O\n", {}),
    "documents": (
        "a.conll",
        "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\n",
        {"columns": {"token": 0, "tag": 3}},
    ),
    "Weibo": ("a.txt", "WID:a\n我\tO\n们\tO\n\nWID:b\nIMGID:1\nIMGID:2.png\n我\tB-人名\n", {}),
    "UMT": ("test.txt", "IMGID:7\nAnn\tB-PER\n\nIMGID:8\n\u00a0\tO\n", {}),
    "a .txt of tokens": ("eng.txt", "EU B-ORG\nrejects O\n", {}),
    "CoNLL-U": ("a.conllu", CONLLU, {}),
    "HIPE": ("a.tsv", HIPE, {"scheme": "iob2"}),
    "WebAnno": ("a.tsv", WEBANNO, {}),
    "names of columns": (
        "a.tsv",
        "word\tner\nAnn\tB-PER\nsings\tO\n",
        {"columns": {"token": "word", "tag": "ner"}},
    ),
}


def read(path: Path) -> list[Text]:
    return list(of_file(path, form_of(path), Cutter(), path.parent / "images", None))


def words(text: Text) -> list[str]:
    return [text.text[start:end] for sentence in text.sentences for start, end in sentence]


@pytest.mark.parametrize(("name", "content", "options"), TABLES.values(), ids=TABLES)
def test_predict_reads_the_words_that_the_format_reads(
    name: str, content: str, options: dict, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    told = {"columns": Columns(**options["columns"])} if "columns" in options else {}
    posts = parse(format_of(path), path, scheme=options.get("scheme"), options=told)
    texts = read(path)
    assert [(text.id, words(text)) for text in texts] == [(post.id, post.tokens) for post in posts]
    assert [[image for _, image in text.images] for text in texts] == [post.images for post in posts]
    assert any(label != "O" for post in posts for label in post.labels)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("test.conll", "Ann\nsings\n\n#\nnews\n", [["Ann", "sings"], ["#", "news"]]),
        ("test.conll", "IMGID:7\nAnn\n\nBob sings\n", [["Ann"], ["Bob"]]),
        ("test.txt", "IMGID:7\nAnn\nsings\n", [["Ann", "sings"]]),
        ("test.conllu", CONLLU.replace("NER=B-ORG", "_"), [["EU", "rejects"]]),
    ],
)
def test_labels_may_be_absent(name: str, content: str, expected: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert [words(text) for text in read(tmp_path / name)] == expected


@pytest.mark.parametrize(
    "content",
    [
        {"id": 1, "text": "EU rejects", "label": [[0, 2, "ORG"]]},
        {"content": "EU rejects", "spans": [{"start": 0, "end": 2, "label": "ORG"}]},
        [["EU rejects", {"entities": [[0, 2, "ORG"]]}]],
        [{"text": "EU rejects", "entities": []}],
        [{"tokens": ["EU", "rejects"], "ner_tags": [3, 0]}],
        {"tokens": ["EU", "rejects"], "ner_tags": [3, 0]},
        {"tokenized_text": ["EU", "rejects"], "ner": [[0, 0, "ORG"]]},
        [{"id": 1, "data": {"content": "EU rejects"}, "annotations": []}],
    ],
)
def test_texts_of_json_are_whole_and_their_spans_left_out(content: object, tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")
    [text] = read(path)
    assert (text.text, words(text)) == ("EU rejects", ["EU", "rejects"])


def test_a_parquet_file_brings_words_and_images(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "test.parquet"
    columns = {"tokens": [["Ann"], ["Bob"]], "image": [{"bytes": b"1", "path": "a.png"}, None]}
    parquet.write_table(pyarrow.table(columns), path)
    texts = list(of_file(path, form_of(path), Cutter(), tmp_path / "images", tmp_path / "scratch"))
    assert [words(text) for text in texts] == [["Ann"], ["Bob"]]
    [[(folder, image)], none] = [text.images for text in texts]
    assert (folder / image).read_bytes() == b"1" and none == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.conll", "Ann\tO\n\tO\n", "a.conll:2: post 'a-1': an empty token"),
        ("a.conll", "Ann O\n\tO\n", "a.conll:2: post 'a-1': an empty token"),
        ("a.conllu", CONLLU + "\nx\ty\n", "a.conllu:5: not CoNLL-U"),
        ("a.tsv", HIPE + "Ann\n", ""),
        ("a.tsv", WEBANNO + "1-3\n", "a.tsv:7: no row of WebAnno's TSV"),
        ("a.jsonl", '{"label": [[0, 2, "X"]]}\n', "a.jsonl:1: which field is the text?"),
    ],
)
def test_errors_name_file_and_line(name: str, content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    if not said:  # one column is enough where tags are not looked at
        assert words(read(path)[-1]) == ["Ann"]
        return
    with pytest.raises(UserError) as error:
        read(path)
    assert f"{tmp_path}/{said}" in str(error.value)


JSON_VALUES = (None, True, 3, "", "Ann", [], [3], ["Ann"], {}, {"a": 3})


@pytest.mark.parametrize("name", ["text", "tokens", "id", "images", "contexts", "language", "group"])
def test_a_field_of_any_type_is_read_or_refused(name: str, tmp_path: Path) -> None:
    for value, tokens in product(JSON_VALUES, (None, ["Ann"])):
        record = {"text": "Ann"} | ({"tokens": tokens} if tokens else {}) | {name: value}
        with suppress(UserError):
            assert "".join(words(of_record(record, tmp_path / "t.jsonl", 1, Cutter(), tmp_path))) in (
                "Ann",
                "",
            )
