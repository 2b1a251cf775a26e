"""Malformed texts: each ends in one message that names the place, and leaves no file behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import Disk, mounted
from folder_contents import contents

from mnerflow.config import build
from mnerflow.data.config import ContextFiles, PrepareConfig
from mnerflow.data.contexts import jsonl, txt
from mnerflow.data.formats import parse
from mnerflow.data.pages.layout import read_layout
from mnerflow.data.post import SPLITS, read_posts, read_splits
from mnerflow.data.prepare import prepare
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import read_predictions
from mnerflow.files.json_text import read_json
from mnerflow.files.paths import expanded

GOOD = {
    "umt": "IMGID:{0}\n{0}\tB-PER\n",
    "conll": "{0} B-PER\n",
    "jsonl": '{{"id": "{0}", "tokens": ["{0}"], "labels": ["B-PER"]}}\n',
    "spans": '{{"text": "{0}", "label": [[0, 3, "PER"]]}}\n',
    "ritual": '{{"id": "{0}", "image_id": "{0}.jpg", "tokens": ["{0}"], "label": ["B-PER"]}}\n',
}
UMT = "IMGID:1\nAnn\tB-PER\n"
POST = '{"id": "1", "tokens": ["Ann"], "labels": ["B-PER"]}\n'


def with_field(field: str) -> str:
    return f'{{"id": "1", "tokens": ["Ann"], "labels": ["B-PER"], {field}}}'


# name of the case: format, content of the train file (None: no such file), what the message must hold
CASES: dict[str, tuple[str, bytes | str | None, str]] = {
    # any format
    "umt: no file": ("umt", None, "train.txt: no such file"),
    "umt: empty file": ("umt", "", "no posts for the split 'train' (train.txt)"),
    "umt: only empty lines": ("umt", "\n\n\n", "no posts for the split 'train' (train.txt)"),
    "jsonl: empty file": ("jsonl", "", "no posts for the split 'train' (train.txt)"),
    "conll: empty file": ("conll", "\n", "no posts for the split 'train' (train.txt)"),
    "umt: latin-1": ("umt", "IMGID:1\nCafé\tO\n".encode("latin-1"), "train.txt:2: byte 0xe9 is not UTF-8"),
    "umt: utf-16": ("umt", UMT.encode("utf-16"), "train.txt:1: byte 0xff is not UTF-8"),
    "umt: utf-16 without a mark": ("umt", UMT.encode("utf-16-le"), "train.txt:1: a post must begin"),
    "conll: utf-16 without a mark": ("conll", "Ann O\n".encode("utf-16-le"), "train.txt:2: 2 columns"),
    "umt: cut within a character": ("umt", UMT.encode() + b"\xf0\x9f", "train.txt:3: byte 0xf0"),
    "jsonl: encoded surrogate": ("jsonl", b'{"id": "\xed\xa0\x80"}', "train.txt:1: byte 0xed"),
    "umt: a picture": ("umt", b"\x89PNG\r\n\x1a\n\x00", "train.txt:1: byte 0x89"),
    "umt: a web page": ("umt", "<!DOCTYPE html>\n<html>\n", "train.txt:1: a post must begin"),
    "jsonl: a web page": ("jsonl", "<!DOCTYPE html>\n", "train.txt:1: not valid JSON"),
    # UMT
    "umt: no IMGID": ("umt", "Ann\tB-PER\n", "train.txt:1: a post must begin"),
    "umt: no IMGID in the second post": ("umt", UMT + "\nBob\tB-PER\n", "train.txt:4: a post must begin"),
    "umt: id missing": ("umt", "IMGID:\nAnn\tO\n", "train.txt:1: a post without an id"),
    "umt: id only spaces": ("umt", "IMGID:  \nAnn\tO\n", "train.txt:1: a post without an id"),
    "umt: two posts run together": ("umt", UMT + "IMGID:2\nBob\tO\n", "train.txt:3: a token, one tab"),
    "umt: no tag": ("umt", "IMGID:1\nAnn\n", "train.txt:2: a token, one tab"),
    "umt: space for tab": ("umt", "IMGID:1\nAnn B-PER\n", "train.txt:2: a token, one tab"),
    "umt: three columns": ("umt", "IMGID:1\nAnn\tNNP\tB-PER\n", "train.txt:2: a token, one tab"),
    "umt: empty token": ("umt", UMT + "\tO\n", "train.txt:3: post '1': an empty token"),
    "umt: empty tag": ("umt", "IMGID:1\nAnn\t\n", "train.txt:2: post '1': the label ''"),
    "umt: lower-case tag": ("umt", "IMGID:1\nAnn\tb-PER\n", "train.txt:2: post '1': the label 'b-PER'"),
    "umt: IOBES tag": ("umt", "IMGID:1\nAnn\tS-PER\n", "train.txt:2: post '1': the label 'S-PER'"),
    "umt: tag without a type": ("umt", "IMGID:1\nAnn\tB-\n", "train.txt:2: post '1': the label 'B-'"),
    "umt: type without a prefix": ("umt", "IMGID:1\nAnn\tPER\n", "train.txt:2: post '1': the label 'PER'"),
    "umt: type outside the scheme": (
        "umt",
        "IMGID:1\nAnn\tB-PRE\n",
        "train.txt: post '1', token 1: the label",
    ),
    "umt: id twice": ("umt", UMT + "\n" + UMT, "train.txt:4: the id '1' stands at line 1"),
    "umt: id of another split": ("umt", UMT + "\nIMGID:dev\nBob\tO\n", "post 'dev' stands in"),
    "umt: image in a folder above": ("umt", "IMGID:../1\nAnn\tO\n", "train.txt:1: post '../1': the image"),
    "umt: absolute image": ("umt", "IMGID:/etc/1\nAnn\tO\n", "train.txt:1: post '/etc/1': the image"),
    "umt: old Mac line ends": ("umt", "IMGID:1\rAnn\tB-PER\r", "train.txt:1: post"),
    "umt: 100,000 tokens": (
        "umt",
        "IMGID:1\n" + "a\tO\n" * 100_000,
        "train.txt:1: post '1' has 100,000 tokens",
    ),
    # CoNLL
    "conll: one column": ("conll", "Ann\nBob\n", "train.txt:1: a token and its tag"),
    "conll: a tag missing": ("conll", "Ann B-PER\nruns\n", "train.txt:2: 2 columns divided by a space"),
    "conll: a column too many": ("conll", "Ann B-PER\nruns fast O\n", "train.txt:2: 2 columns"),
    "conll: tab after spaces": ("conll", "Ann B-PER\nruns\tO\n", "train.txt:2: 2 columns"),
    "conll: space after tabs": ("conll", "Ann\tB-PER\n\nruns O\n", "train.txt:3: 2 columns divided by a tab"),
    "conll: empty token": ("conll", "Ann O\n O\n", "train.txt:2: 2 columns"),
    "conll: no IOB2 in the last column": (
        "conll",
        "Ann B-PER NNP\n",
        "train.txt:1: of the columns, counted from 0, 1 (B-PER) looks like tags",
    ),
    "conll: 100,000 tokens": ("conll", "a O\n" * 100_000, "train.txt:1: post 'train-1' has 100,000 tokens"),
    "conll: UMT's file": ("conll", UMT, "train.txt:1: a token and its tag"),
    # JSON lines
    "jsonl: cut line": ("jsonl", POST + '{"id": "2", "tok', "train.txt:2: not valid JSON"),
    "jsonl: two objects a line": ("jsonl", POST.strip() + POST, "train.txt:1: not valid JSON"),
    "jsonl: single quotes": ("jsonl", "{'id': '1'}", "train.txt:1: not valid JSON"),
    "jsonl: a list cut off": ("jsonl", "[" + POST.strip() + ", {", "train.txt: not one valid list of JSON"),
    "jsonl: a list of numbers": ("jsonl", "[1]", "train.txt:1: a JSON object is expected"),
    "jsonl: indented over lines": ("jsonl", '{\n"id": "1"\n}', "train.txt:1: not valid JSON"),
    "jsonl: null": ("jsonl", "null", "train.txt:1: a JSON object is expected"),
    "jsonl: a number": ("jsonl", "1", "train.txt:1: a JSON object is expected"),
    "jsonl: 10,000 deep": ("jsonl", '{"id": ' + "[" * 10_000 + "]" * 10_000 + "}", "train.txt:1:"),
    "jsonl: 100,000 deep": ("jsonl", '{"id":' * 100_000, "train.txt:1: not valid JSON"),
    "jsonl: a number of 5,000 digits": ("jsonl", '{"id": ' + "9" * 5000 + "}", "train.txt:1: not valid JSON"),
    "jsonl: no id": ("jsonl", '{"tokens": ["a"], "labels": ["O"]}', "train.txt:1: the field 'id' is missing"),
    "jsonl: id null": ("jsonl", POST.replace('"1"', "null"), "train.txt:1: the field 'id' is null"),
    "jsonl: id NaN": ("jsonl", POST.replace('"1"', "NaN"), "train.txt:1: not valid JSON (NaN is"),
    "jsonl: id true": ("jsonl", POST.replace('"1"', "true"), "train.txt:1: the field 'id' is true or false"),
    "jsonl: id a list": ("jsonl", POST.replace('"1"', "[1]"), "train.txt:1: the field 'id' is a list"),
    "jsonl: id empty": ("jsonl", POST.replace('"1"', '""'), "train.txt:1: a post without an id"),
    "jsonl: id twice": ("jsonl", POST + POST.replace('"1"', "1"), "train.txt:2: the id '1' stands at line 1"),
    "jsonl: no tokens": ("jsonl", '{"id": 1, "labels": []}', "train.txt:1: the field 'tokens' is missing"),
    "jsonl: no labels": ("jsonl", '{"id": 1, "tokens": ["a"]}', "train.txt:1: the field 'labels' is missing"),
    "jsonl: tokens null": (
        "jsonl",
        POST.replace('["Ann"]', "null"),
        "train.txt:1: the field 'tokens' is null",
    ),
    "jsonl: tokens a string": ("jsonl", POST.replace('["Ann"]', '"Ann"'), "the field 'tokens' is a string"),
    "jsonl: tokens an object": ("jsonl", POST.replace('["Ann"]', "{}"), "the field 'tokens' is an object"),
    "jsonl: a number as token": (
        "jsonl",
        POST.replace('"Ann"', "7"),
        "train.txt:1: item 1 of the field 'tokens'",
    ),
    "jsonl: NaN as token": ("jsonl", POST.replace('"Ann"', "NaN"), "train.txt:1: not valid JSON (NaN is"),
    "jsonl: a number beyond floats": (
        "jsonl",
        POST.replace('"Ann"', "1e999"),
        "not valid JSON (1e999 is not a",
    ),
    "jsonl: null as token": ("jsonl", POST.replace('"Ann"', "null"), "item 1 of the field 'tokens' is null"),
    "jsonl: null as label": (
        "jsonl",
        POST.replace('"B-PER"', "null"),
        "item 1 of the field 'labels' is null",
    ),
    "jsonl: numbers as labels": ("jsonl", POST.replace('"B-PER"', "0"), "item 1 of the field 'labels'"),
    "jsonl: empty token": (
        "jsonl",
        POST.replace("Ann", ""),
        "train.txt:1: post '1', token 1: an empty token",
    ),
    "jsonl: a label too few": ("jsonl", POST.replace('["Ann"]', '["a", "b"]'), "has 2 tokens and 1 label"),
    "jsonl: misspelt field": ("jsonl", POST.replace("labels", "lables"), "Did you mean 'labels'?"),
    "jsonl: image for images": ("jsonl", with_field('"image": "a.jpg"'), "Did you mean 'images'?"),
    "jsonl: images a string": ("jsonl", with_field('"images": "a.jpg"'), "the field 'images' is a string"),
    "jsonl: images null": ("jsonl", with_field('"images": null'), "the field 'images' is null"),
    "jsonl: image null": ("jsonl", with_field('"images": [null]'), "item 1 of the field 'images' is null"),
    "jsonl: image empty": ("jsonl", with_field('"images": [""]'), "the image '' is no file name"),
    "jsonl: image above": ("jsonl", with_field('"images": ["a/../../b.jpg"]'), "lies outside its folder"),
    "jsonl: image absolute": ("jsonl", with_field('"images": ["/b.jpg"]'), "lies outside its folder"),
    "jsonl: image on a drive": ("jsonl", with_field('"images": ["C:\\\\b.jpg"]'), "lies outside its folder"),
    "jsonl: image above, Windows": (
        "jsonl",
        with_field('"images": ["..\\\\b.jpg"]'),
        "lies outside its folder",
    ),
    "jsonl: image with a null byte": ("jsonl", with_field('"images": ["a\\u0000"]'), "is no file name"),
    "jsonl: caption null": ("jsonl", with_field('"caption": null'), "the field 'caption' is null"),
    "jsonl: caption a list": ("jsonl", with_field('"caption": ["a"]'), "the field 'caption' is a list"),
    "jsonl: contexts a list": ("jsonl", with_field('"contexts": ["a"]'), "the field 'contexts' is a list"),
    "jsonl: a context null": (
        "jsonl",
        with_field('"contexts": {"ocr": null}'),
        "contexts: the field 'ocr' is null",
    ),
    "jsonl: two captions": (
        "jsonl",
        with_field('"caption": "a", "contexts": {"caption": "b"}'),
        "'caption' and 'contexts' hold two captions",
    ),
    "jsonl: lone surrogate in a context": (
        "jsonl",
        with_field('"contexts": {"ocr": "\\ud800"}'),
        "half a surrogate pair",
    ),
    "jsonl: language a number": ("jsonl", with_field('"language": 1'), "the field 'language' is a number"),
    "jsonl: group a fraction": ("jsonl", with_field('"group": 1.5'), "the field 'group' is a number"),
    "jsonl: lone surrogate in a token": ("jsonl", POST.replace("Ann", "\\ud83d"), "half a surrogate pair"),
    "jsonl: lone surrogate in an id": ("jsonl", POST.replace('"1"', '"\\udc00"'), "half a surrogate pair"),
    "jsonl: lone surrogate in a caption": (
        "jsonl",
        with_field('"caption": "\\ud800"'),
        "half a surrogate pair",
    ),
    "spans: lone surrogate in a text": (
        "spans",
        '{"text": "Ann \\ud83d", "label": [[0, 3, "PER"]]}',
        "train.txt:1: '\\ud83d' is half a surrogate pair",
    ),
    "jsonl: labels twice": (
        "jsonl",
        with_field('"labels": ["O"]'),
        "train.txt:1: not valid JSON (the key 'labels' stands",
    ),
    "jsonl: a key twice, deeper": (
        "jsonl",
        with_field('"x": [{"y": 1, "y": 1}]'),
        "the key 'y' stands twice",
    ),
    "jsonl: a type with a control character": (
        "jsonl",
        POST.replace("B-PER", "B-\\u001b[2J"),
        "the label 'B-\\x1b[2J'",
    ),
    "jsonl: a type with a mark in it": (
        "jsonl",
        POST.replace("B-PER", "B-PER\ufeff"),
        "the label 'B-PER\\ufeff'",
    ),
    "conll: joined without a line end": (
        "conll",
        "Ann O\nAnn B-PER\ufeffBob B-PER\n",
        "train.txt:2: 2 columns",
    ),
    # RiTUAL
    "ritual: other folders": ("ritual", GOOD["ritual"].format(1), "RiTUAL's folders"),
}


@pytest.mark.parametrize("case", CASES)
def test_malformed_text_is_refused(tmp_path: Path, case: str) -> None:
    name, content, message = CASES[case]
    for split in SPLITS:
        (tmp_path / f"{split}.txt").write_text(GOOD[name].format(split))
    train = tmp_path / "train.txt"
    train.unlink()
    if content is not None:
        train.write_bytes(content if isinstance(content, bytes) else content.encode())
    config = PrepareConfig(name, ["PER"], {split: f"{split}.txt" for split in SPLITS})
    with pytest.raises(UserError) as caught:
        prepare(config, tmp_path, tmp_path / "out")
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert len(str(caught.value)) < 500
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"format": "umd"}, "did you mean 'umt'"),
        ({"splits": {"dev": "dev.txt"}}, "'train' is missing"),
        ({"splits": {"train": "train.txt", "valid": "dev.txt"}}, "'valid' is not one of"),
        ({"splits": {"train": "train.txt", "dev": "train.txt"}}, "train.txt already"),
        ({"splits": {"train": ["train.txt", "other.txt"]}}, "other.txt: no such file"),
        (
            {"splits": {"train": "train.txt"}},
            "too few posts or groups in train (1) to draw dev and test from",
        ),
        ({"splits": {"train": "."}}, "'.' is no file name"),
        ({"map": {"PER": "PRE"}}, "did you mean 'PER'"),
    ],
)
def test_a_set_described_wrongly_is_refused(tmp_path: Path, changes: dict, message: str) -> None:
    for split in SPLITS:
        (tmp_path / f"{split}.txt").write_text(GOOD["umt"].format(split))
    described = {"format": "umt", "types": ["PER"], "splits": {split: f"{split}.txt" for split in SPLITS}}
    with pytest.raises(UserError) as caught:
        prepare(build(PrepareConfig, described | changes), tmp_path, tmp_path / "out")
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def good(folder: Path) -> PrepareConfig:
    """A set of three sound posts in ``folder``."""
    for split in SPLITS:
        (folder / f"{split}.txt").write_text(GOOD["umt"].format(split))
    return PrepareConfig("umt", ["PER"], {split: f"{split}.txt" for split in SPLITS})


def test_a_symlink_loop_is_named(tmp_path: Path) -> None:
    config = good(tmp_path)
    (tmp_path / "dev.txt").unlink()
    (tmp_path / "dev.txt").symlink_to("dev.txt")
    with pytest.raises(UserError, match=r"dev\.txt: cannot be read \(Too many levels of symbolic links"):
        prepare(config, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 16 kB."""
    with mounted(tmp_path / "disk", "size=16k") as disk:
        yield disk


def test_a_full_disk_leaves_the_old_files_whole(tmp_path: Path, small_disk: Disk) -> None:
    config = good(tmp_path)
    prepare(config, tmp_path, small_disk.folder)
    before = contents(small_disk.folder)
    (tmp_path / "train.txt").write_text("".join(f"IMGID:{k}\nAnn\tB-PER\n\n" for k in range(1000)))
    with pytest.raises(
        UserError, match=r"could not be written \(No space left on device\)\. Free some space"
    ):
        prepare(config, tmp_path, small_disk.folder)
    assert contents(small_disk.folder) == before


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path, small_disk: Disk) -> None:
    config = good(tmp_path)
    small_disk.remount("ro")
    with pytest.raises(UserError, match=r"disk/train\.jsonl: could not be written \(Read-only file system\)"):
        prepare(config, tmp_path, small_disk.folder)
    assert list(small_disk.folder.iterdir()) == []


def test_a_file_in_the_way_of_the_target_is_named(tmp_path: Path) -> None:
    config = good(tmp_path)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match=r"out/train\.jsonl: could not be written"):
        prepare(config, tmp_path, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    "captions, message",
    [
        (b"train.jpg a cat\n", "captions.txt:1: '<image name> :<text>' is expected"),
        (b"a.jpg :x\n :y\n", "captions.txt:2: '<image name> :<text>' is expected"),
        (b"a.jpg :x\na.jpg :y\n", "captions.txt:2: a second text for 'a.jpg'"),
        (b"a.jpg :\xff\n", "captions.txt:1: byte 0xff is not UTF-8"),
        (b"a.jpg :x\n", "not one post has the context 'caption', though captions.txt holds 1 entry"),
        (None, "captions.txt: no such file"),
    ],
)
def test_malformed_captions_are_refused(tmp_path: Path, captions: bytes | None, message: str) -> None:
    for split in SPLITS:
        (tmp_path / f"{split}.txt").write_text(GOOD["umt"].format(split))
    if captions is not None:
        (tmp_path / "captions.txt").write_bytes(captions)
    splits = {split: f"{split}.txt" for split in SPLITS}
    config = PrepareConfig(
        "umt", ["PER"], splits, contexts={"caption": ContextFiles(["captions.txt"], "txt")}
    )
    with pytest.raises(UserError) as caught:
        prepare(config, tmp_path, tmp_path / "out")
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["umt", "conll", "jsonl"])
def test_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path, name: str) -> None:
    config = PrepareConfig(name, ["PER"], {split: f"{split}.txt" for split in SPLITS})
    found = []
    for mark, end in (("", "\n"), ("\ufeff", "\r\n")):
        for split in SPLITS:
            text = mark + GOOD[name].format(split).replace("\n", end)
            (tmp_path / f"{split}.txt").write_bytes(text.encode())
        prepare(config, tmp_path, tmp_path / "out")
        found.append(read_splits(tmp_path / "out"))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["umt", "conll", "jsonl"])
def test_files_may_be_joined_that_each_begin_with_a_mark(tmp_path: Path, name: str) -> None:
    for mark in ("", "\ufeff"):
        parts = [mark + GOOD[name].format(split) + ("\n" if name != "jsonl" else "") for split in SPLITS]
        (tmp_path / f"all{len(mark)}").write_bytes("".join([*parts, mark]).encode())
    plain, marked = (parse(name, tmp_path / f"all{length}") for length in (0, 1))
    assert [post.tokens for post in marked] == [post.tokens for post in plain] == [[s] for s in SPLITS]


def test_captions_may_be_joined_and_a_mark_alone_is_a_token(tmp_path: Path) -> None:
    (tmp_path / "captions.txt").write_text("\ufeffa.jpg :a\n\ufeffb.jpg :b\n", encoding="utf-8")
    assert list(txt.texts(tmp_path / "captions.txt")) == [(1, "a.jpg", "a"), (2, "b.jpg", "b")]
    (tmp_path / "posts").write_text("a\tO\n\ufeff\tO\n", encoding="utf-8")
    assert parse("conll", tmp_path / "posts")[0].tokens == ["a", "\ufeff"]


READERS = {
    "posts": lambda path: parse("jsonl", path),
    "UMT": lambda path: parse("umt", path),
    "Label Studio": lambda path: parse("label_studio", path),
    "texts by image": lambda path: list(txt.texts(path)),
    "texts by post": lambda path: list(jsonl.texts(path)),
    "prepared posts": read_posts,
    "predictions": read_predictions,
    "JSON": read_json,
    "PAGE XML": read_layout,
}


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_by_every_reader(tmp_path: Path, reader: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    places = {
        "pipe": "a pipe or a device",
        "loop": "cannot be read",
        "": "a folder, not a file",
        "none": "no such file",
    }
    places |= {"x" * 300: "cannot be read", "a\0": "cannot be read", "none/x": "no such file"}
    for name, said in places.items():
        with pytest.raises(UserError, match=said):
            READERS[reader](tmp_path / name)
    with pytest.raises(UserError, match="a pipe or a device"):
        READERS[reader](Path("/dev/zero"))


@pytest.mark.parametrize(
    "reader", ["posts", "texts by post", "Label Studio", "prepared posts", "predictions", "JSON"]
)
@pytest.mark.parametrize(
    "text",
    [
        '{"id": "1", "id": "2"}',
        '[{"id": 1, "x": {"a": 1, "a": 2}}]',
        "[" * 100_000,
        '{"id": ' + "9" * 5000 + "}",
    ],
)
def test_json_that_says_two_things_or_too_much_is_refused_by_every_reader(
    tmp_path: Path, reader: str, text: str
) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(UserError, match=str(tmp_path / "file")):
        READERS[reader](tmp_path / "file")


def test_the_home_of_nobody_is_named() -> None:
    with pytest.raises(UserError, match=r"^~nouser/data: there is no such user"):
        expanded("~nouser/data")
    assert expanded("~/x") == Path.home() / "x"
