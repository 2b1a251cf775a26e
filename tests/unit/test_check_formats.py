"""What `mnerflow check` makes of data as people have them: named, read, and ready to run as it is pasted."""

import json
from pathlib import Path

import pytest
import yaml
from PIL import Image

from mnerflow.cli import main
from mnerflow.config.values import build, settings_of
from mnerflow.data.config import PrepareConfig
from mnerflow.data.post import read_splits
from mnerflow.data.prepare import prepare

TABLE = "Ann B-PER\nsings O\n\n"


def lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def many(line: str, number: int = 12) -> str:
    return "".join(line.replace("NUMBER", str(count)) for count in range(number))


TAGGED = '{"id": NUMBER, "tokens": ["Ann", "sings"], "labels": ["B-PER", "O"]}\n'
TASK = {
    "data": {"content": "EU rejects"},
    "annotations": [
        {"result": [{"type": "labels", "value": {"start": 0, "end": 2, "text": "EU", "labels": ["ORG"]}}]}
    ],
}
SPANS = '{"id": NUMBER, "text": "Ann sings", "label": [[0, 3, "PER"]]}\n'
# Of each: the files, arguments, and the format, further keys of the entry and words of the output.
FOLDERS = {
    "splits as words in names": (
        {"en-train.conll": many(TABLE), "en-valid.conll": TABLE, "wnut17test.conll": TABLE},
        [],
        "conll",
        {},
        "valid",
    ),
    "splits as folders": (
        {
            "train/a.conll": many(TABLE),
            "train/b.conll": TABLE,
            "devel/a.conll": TABLE * 2,
            "test/a.conll": TABLE,
        },
        [],
        "conll",
        {},
        "Ids begin anew in each split",
    ),
    "one file": (
        {"data.json": many(TAGGED)},
        [],
        "jsonl",
        {"dev_fraction": 0.1, "test_fraction": 0.1},
        "tenth",
    ),
    "one list": (
        {"data.json": f"[{many(TAGGED + ',')}{TAGGED.replace('NUMBER', '99')}]"},
        [],
        "jsonl",
        {},
        "",
    ),
    "a field that names the split": (
        {
            "all.jsonl": lines(
                *(
                    {**json.loads(TAGGED.replace("NUMBER", str(n))), "split": s}
                    for n, s in enumerate(["train", "train", "validation", "test"])
                )
            )
        },
        [],
        "jsonl",
        {"split_key": "split"},
        "train       2 posts",
    ),
    "a field that names no post for dev": (
        {
            "all.jsonl": lines(
                *(
                    {**json.loads(TAGGED.replace("NUMBER", str(n))), "split": s}
                    for n, s in enumerate(["train", "test"] * 10)
                )
            )
        },
        [],
        "jsonl",
        {"split_key": "split", "splits": {"train": "all.jsonl", "test": "all.jsonl"}},
        "test       10 posts",
    ),
    "ids that begin anew": (
        {f"{s}.jsonl": many(TAGGED, 3) for s in ("train", "dev", "test")},
        [],
        "jsonl",
        {},
        "anew",
    ),
    "IOB1": ({"train.conll": many("Ann I-PER\nBob B-PER\nX O\n\n")}, [], "conll", {"scheme": "iob1"}, "IOB1"),
    "BIOES": (
        {"train.conll": many("Ann S-PER\nX O\n\n")},
        [],
        "conll",
        {"scheme": "bioes"},
        "12 entities; read as they are, 0",
    ),
    "BILOU": (
        {"train.conll": many("A B-PER\nB L-PER\nC U-PER\nX O\n\n")},
        [],
        "conll",
        {"scheme": "bilou"},
        "24 entities",
    ),
    "bare types": ({"train.conll": many("A ORG\nB ORG\nC O\n\n")}, [], "conll", {"scheme": "io"}, "ORG 12"),
    "lower case": (
        {"train.conll": many("A b_org\nB i_org\nC o\n\n")},
        [],
        "conll",
        {"scheme": "iob2"},
        "org 12",
    ),
    "two columns of tags": (
        {"train.conll": many("Ann NNP B-NP B-PER\nsings VB B-VP O\n\n")},
        ["--columns", "0,3"],
        "conll",
        {"columns": {"token": 0, "tag": 3}},
        "PER 12",
    ),
    "names of columns": (
        {"train.tsv": "word\tner\tnote\n" + many("Ann\tB-PER\tx\nsings\tO\ty\n\n")},
        [],
        "conll",
        {"columns": {"token": "word", "tag": "ner"}},
        "PER 12",
    ),
    "a column that names posts": (
        {"train.tsv": "\n".join(f"doc_{n}\tAnn\tB-PER\ndoc_{n}\tsings\tO\n" for n in range(12))},
        [],
        "conll",
        {"columns": {"token": 1, "tag": 2}},
        "12 posts        24 tokens",
    ),
    "names of columns, bare types": (
        {"train.tsv": "word\tpos\ttag\n" + many("Ann\tN\tPER\nsings\tV\tO\n\n")},
        [],
        "conll",
        {"columns": {"token": "word", "tag": "tag"}, "scheme": "io"},
        "12 posts        24 tokens",
    ),
    "comments with a tab": (
        {"train.tsv": many("#\thttp://x/NUMBER [2010]\n1\tAnn\tB-PER\tO\n2\tsings\tO\tO\n\n")},
        [],
        "conll",
        {"columns": {"token": 1, "tag": 2}},
        "12 posts        24 tokens",
    ),
    "a format that is given, in a file of another": (
        {"train.csv": many("Ann\tB-PER\nsings\tO\n\n")},
        ["--format", "conll"],
        "conll",
        {},
        "12 posts        24 tokens",
    ),
    "a named column that numbers posts": (
        {"train.tsv": "Sentence #\tWord\tTag\n" + many("Sentence: NUMBER\tAnn\tB-PER\n\tsings\tO\n")},
        [],
        "conll",
        {"columns": {"token": "Word", "tag": "Tag", "post": "Sentence #"}},
        "12 posts        24 tokens",
    ),
    "a column that numbers posts": (
        {"train.tsv": many("Ann\tNUMBER\tB-PER\nsings\tNUMBER\tO\n")},
        [],
        "conll",
        {"columns": {"token": 0, "tag": 2, "post": 1}},
        "12 posts        24 tokens",
    ),
    "comments, an underscore, tags last": (
        {"train.conll": many("# id 1b2 domain=en\ncbs _ _ B-CORP\n\n")},
        [],
        "conll",
        {},
        "CORP 12",
    ),
    "spans of Doccano": ({"train.jsonl": many(SPANS)}, [], "spans", {}, "PER 12"),
    "spans, and a field that is not read": (
        {"train.jsonl": many('{"body": "Ann", "image": "1", "label": [[0, 3, "PER"]], "_hash": 1}\n')},
        ["--text-key", "body"],
        "spans",
        {"text_key": "body"},
        "1 × The field is not read. Rename it if it should be.\n    my data/train.jsonl: the field 'image'",
    ),
    "spans of spaCy": (
        {"train.json": json.dumps([["Ann sings", {"entities": [[0, 3, "PER"]]}]] * 12)},
        [],
        "spans",
        {},
        "PER 12",
    ),
    "Japanese": (
        {"train.jsonl": many('{"text": "東京に行った。", "label": [[0, 2, "地名"]]}\n')},
        [],
        "spans",
        {},
        "地名 12",
    ),
    "Weibo": ({"train.txt": many("WID:NUMBER\n我\tB-人名\n\n")}, [], "umt", {}, "人名 12"),
    "test without labels": (
        {"train.conll": many(TABLE), "dev.conll": TABLE, "test.conll": "Ann\nsings\n"},
        [],
        "conll",
        {"test_fraction": 0.1},
        "`mnerflow predict RUN",
    ),
    "an empty document": (
        {"train.jsonl": many(TAGGED) + '{"id": "e", "tokens": [], "labels": []}\n'},
        [],
        "jsonl",
        {},
        "post 'e' has no tokens",
    ),
    "sixty types": ({"train.conll": many("Ann B-TNUMBER\nsings O\n\n", 60)}, [], "conll", {}, "T59 1"),
    "a Label Studio list": (
        {"train.json": json.dumps([TASK | {"id": number} for number in range(3)])},
        [],
        "label_studio",
        {},
        "ORG 3",
    ),
    "numbers for tags, without ids": (
        {"train.json": many('{"tokens": ["EU", "rejects"], "ner_tags": [3, 0]}\n')},
        ["--tag-names", "O,B-PER,I-PER,B-ORG"],
        "hugging_face",
        {"tag_names": ["O", "B-PER", "I-PER", "B-ORG"]},
        "ORG 12",
    ),
    "a line of a tab": (
        {"train.conll": many("EU\tB-ORG\nrejects\tO\n\t\nPeter\tB-PER\n\t\n", 2)},
        [],
        "conll",
        {},
        "train       4 posts",
    ),
    "a blank after the tag": ({"train.conll": many("EU B-ORG \n\n")}, [], "conll", {}, "ORG 12"),
    "dev without an entity": (
        {"train.conll": many(TABLE), "dev.conll": "It O\n", "test.conll": "Bob B-PER\n"},
        [],
        "conll",
        {},
        "dev.conll: not one entity in 1 post",
    ),
}


@pytest.mark.parametrize(("files", "arguments", "format", "keys", "said"), FOLDERS.values(), ids=FOLDERS)
def test_what_is_pasted_is_prepared(
    files: dict[str, str], arguments: list[str], format: str, keys: dict, said: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    for name, text in files.items():
        (tmp_path / "my data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "my data" / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "my data", *arguments]) == 0
    output = capsys.readouterr().out
    assert said in output and "rename the rarer one" not in output
    config = yaml.safe_load(output.partition("FILE`:")[2])
    entry = config["datasets"]["my_data"]
    assert (entry["format"], entry["folder"]) == (format, "my data") and keys.items() <= entry.items()
    prepare(build(PrepareConfig, settings_of(PrepareConfig, entry)), tmp_path / "my data", tmp_path / "out")
    posts = read_splits(tmp_path / "out")
    assert all(posts.values()) and any(label != "O" for post in posts["train"] for label in post.labels)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"train.conll": "EU NNP B-NP B-ORG\n"},
            "the columns 2 (B-NP), 3 (B-ORG), counted from 0, all look like tags",
        ),
        ({"notes.txt": "Ann sings.\n"}, "1 plain text without tags"),
        ({"ner.csv": "Sentence #,Word,POS,Tag\n"}, "ner.csv: .csv is not read. Save it with tabs for commas"),
        (
            {"train.spacy": "x", "dev.spacy": "x"},
            "train.spacy: .spacy is not read. Write each Doc",
        ),
        ({"train.pkl": "x"}, "It could run code, and is never opened"),
        ({"letter.odt": "x"}, "letter.odt: .odt is not read. Save it as plain text"),
        ({"train.conll": "Ann S-PER\nBob U-PER\n"}, "the label 'S-PER' is not IOB2"),
        ({"train.conll": "\n\n", "test.conll": "Ann B-PER\n"}, "train.conll: no posts"),
    ],
)
def test_what_cannot_be_read_is_said_once(
    files: dict[str, str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 1
    output = "".join(capsys.readouterr())
    assert said in output and "no file for" not in output and "Traceback" not in output


def test_strips_are_wrapped(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "images").mkdir()
    Image.new("RGB", (400, 25)).save(tmp_path / "images/line.png")
    post = {"id": "1", "tokens": ["Ann"], "labels": ["B-PER"], "images": ["line.png"]}
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.jsonl").write_text(lines(post | {"id": split}))
    assert main(["check", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "at least 16 times as wide as high" in output and "\n    fit: wrap\n" in output


def test_what_an_encoder_cannot_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    weights = tmp_path / "bert"
    weights.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ann", "sings"]
    (weights / "vocab.txt").write_text("\n".join(words))
    settings = {"tokenizer_class": "BertTokenizer", "model_max_length": 8, "do_lower_case": True}
    (weights / "tokenizer_config.json").write_text(json.dumps(settings))
    data = tmp_path / "data"
    data.mkdir()
    for split in ("train", "dev"):
        (data / f"{split}.conll").write_text("Ann B-PER\nsings O\n\n" + "\u6211 O\n" * 7)
    (data / "test.conll").write_text("Ann B-PER\n")
    assert main(["check", str(data), "--encoder", str(weights)]) == 0
    output = capsys.readouterr().out
    assert "train: " in output and "has no subword for 77.8 % of the tokens; longer than its" in output
    assert "test: " in output and "for 0.0 % of the tokens; longer than its" in output
    assert "subwords: 1 post." in output and "subwords: 0 posts." in output
    assert output.count("or a multilingual one (") == 1
    assert main(["check", str(data), "--encoder", str(tmp_path / "none")]) == 1
    assert "Name a folder of" in capsys.readouterr().err
