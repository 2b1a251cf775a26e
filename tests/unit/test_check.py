import difflib
import errno
import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from PIL import Image

from mnerflow.cli import main
from mnerflow.data.check import check_data
from mnerflow.data.check.hints import Hints
from mnerflow.data.config import PrepareConfig
from mnerflow.data.image_store import ImageStore, build_store
from mnerflow.data.post import read_posts
from mnerflow.data.prepare import prepare
from mnerflow.data.sources import check_name
from mnerflow.errors import UserError
from mnerflow.log import job

SHARED = Path(__file__).parents[3] / "shared/data"


def post(id: str, text: str, tags: str, **fields) -> str:
    return json.dumps({"id": id, "tokens": text.split(" "), "labels": tags.split(), **fields}) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three splits of one sound post each, every one with an image."""
    folder = tmp_path / "My Data"
    (folder / "images").mkdir(parents=True)
    texts = {"train": "Ann sings", "dev": "Bob runs", "test": "Eve rests"}
    for split, text in texts.items():
        line = post(split, text, "B-PER O", images=[f"{split}.png"])
        (folder / f"{split}.jsonl").write_text(line, encoding="utf-8")
        Image.new("RGB", (8, 8)).save(folder / f"images/{split}.png")
    return folder


def check(capsys, folder: Path, *arguments: str) -> tuple[int, str]:
    status = main(["check", str(folder), *arguments])
    return status, "".join(capsys.readouterr())


def append(folder: Path, split: str, text: str) -> None:
    with (folder / f"{split}.jsonl").open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_sound_folder_ends_in_the_lines_to_paste(capsys, folder):
    status, output = check(capsys, folder)
    assert status == 0 and "problems" not in output
    config = yaml.safe_load(output.partition("FILE`:")[2])
    assert config["datasets"]["my_data"] == {
        "folder": str(folder),
        "format": "jsonl",
        "types": ["PER"],
        "splits": {split: f"{split}.jsonl" for split in ("train", "dev", "test")},
    }
    assert config["grid"][0]["datasets"] == ["my_data"]


@pytest.mark.parametrize(
    ("called", "name"),
    [("2017", "my_2017"), ("no", "my_no"), ("Twitter2017", "my_twitter2017"), ("ü", "my_data")],
)
def test_a_folder_may_be_called_anything(called: str, name: str, capsys, folder: Path):
    _, output = check(capsys, folder.rename(folder.with_name(called)))
    assert list(yaml.safe_load(output.partition("FILE`:")[2])["datasets"]) == [name]


def test_a_folder_that_the_workflow_refuses_is_refused_here(capsys, folder: Path):
    folder = folder.rename(folder.with_name("a{b}"))
    with pytest.raises(UserError) as error:
        check_name(folder)
    status, output = check(capsys, folder)
    assert status == 1 and all(part in output for part in str(error.value).rstrip(".").split(". "))


def test_every_problem_that_stops_a_run_is_listed_with_place_and_remedy(capsys, folder):
    append(folder, "train", post("a", "Ann", "PER"))
    append(folder, "train", '{"id": "b", \n')
    append(folder, "train", post("c", "Ann sings", "O"))
    append(folder, "train", post("d", "Ann", "I-GPE"))
    append(folder, "train", post("dev", "Sue", "O"))
    status, output = check(capsys, folder, "--types", "PER,LOC")
    assert status == 1 and "datasets:" not in output
    for what in (
        "train.jsonl:2: post 'a', token 1: the label 'PER' is not IOB2",
        "train.jsonl:3: not valid JSON",
        "train.jsonl:4: post 'c' has 2 tokens and 1 label",
        "train.jsonl:5: post 'd', token 1: the label 'I-GPE' is none of PER, LOC",
        f"dev.jsonl:1: post 'dev' has the id of {folder}/train.jsonl:6",
    ):
        assert what in output
    assert "1 × Write O, B-TYPE or I-TYPE, or name the `scheme` of the tags.\n" in output
    assert "problems that stop a run: 5\n" in output


def test_what_a_run_survives_is_listed_and_counted(capsys, folder):
    append(folder, "train", post("a", "Eve rests", "B-PERS I-LOC"))  # the text of the test post
    append(folder, "dev", post("b", "\u00a0", "O", images=["TEST.PNG"]))
    append(folder, "test", post("c", "Ann", "B-LOC", images=["broken.png"], group="page 1"))
    append(folder, "dev", post("d", "Sue", "O", images=["dev.png"], group="page 1"))
    append(folder, "test", json.dumps({"id": "e", "tokens": ["Ann "], "labels": ["B-PER"]}) + "\n")
    append(folder, "test", json.dumps({"id": "f", "tokens": ['""""', '""'], "labels": ["O", "O"]}))
    (folder / "images/broken.png").write_bytes(b"<html>")
    (folder / "images/spare.png").write_bytes(b"")
    status, output = check(capsys, folder)
    assert status == 0 and "datasets:" in output
    for what in (
        "text 'Eve rests' is in several splits: train a; test test",
        "group 'page 1' is in several splits: dev d; test c",
        "train.jsonl:2: post 'a', token 2 ('rests'): I-LOC after B-PERS",
        "train.jsonl:2: post 'a' has no image",
        r"dev.jsonl:2: post 'b', token 1: '\xa0' is invisible",
        "test.jsonl:3: post 'e', token 1: 'Ann ' begins or ends with white space",
        'test.jsonl:4: post \'f\', token 1: """" was quoted, and its quotation marks doubled',
        "dev.jsonl:2: post 'b': image 'TEST.PNG' is missing; there is 'test.png'",
        "test.jsonl:2: post 'c': image 'broken.png' is not an image",
        "images/spare.png belongs to no post",
        "types PER (4 entities) and PERS (1)",
    ):
        assert what in output


def test_lost_ends_of_posts_are_told(capsys, tmp_path):
    words = ["Ann\tB-PER", *["sings\tO"] * 100]
    for split, between in (("train", "\n"), ("dev", "\n\n")):
        (tmp_path / f"{split}.conll").write_text(between.join(words) + "\n", encoding="utf-8")
    _, output = check(capsys, tmp_path)
    assert "train.conll: one post with 101 tokens" in output
    assert "dev.conll: 101 posts, none with two tokens" in output


def test_an_image_without_its_end_mark_is_listed_and_usable(capsys, folder):
    Image.new("RGB", (64, 64), "red").save(folder / "images/train.png", "JPEG")
    whole = (folder / "images/train.png").read_bytes()
    (folder / "images/train.png").write_bytes(whole[:-2])
    status, output = check(capsys, folder)
    assert status == 0 and "usable images: 3" in output
    assert "post 'train': image 'train.png' lacks only the mark that ends a JPEG" in output


NAMES = [
    "a b.png",
    " a.png",
    "a.png ",
    "a.png.",
    "a..png",
    "-a.png",
    "--a.png",
    "{a}.png",
    "[a] (1).png",
    "100%.png",
    "%2e%2e.png",
]
NAMES += [
    "'a'.png",
    '"a".png',
    "a,b.png",
    "a;b.png",
    "=a.png",
    "+a.png",
    "@a.png",
    "'=a.png",
    "~a.png",
    "$a.png",
    "*.png",
    "#.png",
]
NAMES += [
    "a|b.png",
    "<b>.png",
    "a&b.png",
    "a\\b.png",
    ".a.png",
    "CON.png",
    "A.png",
    "TEST.png",
    "\u00e9.png",
    "e\u0301.png",
    "\u010d\u4e2d.png",
]
NAMES += [
    "\ufeffa.png",
    "\u202ea.png",
    "a\u2028b.png",
    "\u200d.png",
    "\u00a0.png",
    "x/y z/a.png",
    "x//a.png",
    "./a.png",
    "x" * 251 + ".png",
]
NAMES += [
    "x" * 252 + ".png",
    "\u00e9" * 126 + ".png",
    "x" * 5000,
    "a\rb.png",
    "a\nb.png",
    "a\r\nb.png",
    "a\tb.png",
    "\x1b[2J.png",
    "\x7f.png",
    "\x85.png",
]
NAMES += [
    "a\0.png",
    "\ud800.png",
    "",
    ".",
    "..",
    "../a.png",
    "/a.png",
    "C:a.png",
    "x/../../a.png",
    "..\\a.png",
    " ",
    "a",
]


@pytest.mark.parametrize("name", NAMES)
def test_check_and_run_say_the_same_of_any_image_name(name, folder):
    with suppress(OSError, ValueError):  # of a name that no file can have
        path = folder / "images" / name
        if path.resolve().is_relative_to(folder / "images") and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8)).save(path, "PNG")
    append(folder, "train", post("a", "Ann", "B-PER", images=[name]))
    findings = check_data(folder)
    stopping = [problem for problem in findings.problems if problem.stops]
    splits = {split: f"{split}.jsonl" for split in ("train", "dev", "test")}
    try:
        prepare(PrepareConfig("jsonl", ["PER"], splits), folder, folder / "out")
        posts = read_posts(folder / "out/train.jsonl")
        build_store([image for one in posts for image in one.images], folder / "images", folder / "store", 8)
    except UserError as error:
        assert [f"{problem.what}. {problem.remedy}" for problem in stopping] == [str(error)]
        return
    store = ImageStore(folder / "store")
    assert not stopping and posts[1].images == [name] and store.rows([name]) == [store.entries[name].row]
    reason = store.entries[name].reason
    said = [problem.what for problem in findings.problems if f"image {name!r} is" in problem.what]
    assert reason == "".join(what.partition(f"image {name!r} is ")[2].partition(";")[0] for what in said)
    assert findings.images == 3 + (not reason)


@pytest.mark.parametrize("given", [False, True])
def test_many_types_take_no_more_comparisons_each_than_few(folder, given, monkeypatch):
    compared = []

    class Counted(difflib.SequenceMatcher):
        def set_seq1(self, sequence):
            compared.append(sequence)
            super().set_seq1(sequence)

    monkeypatch.setattr(difflib, "SequenceMatcher", Counted)
    monkeypatch.setattr("mnerflow.data.check.posts.SequenceMatcher", Counted)
    counts = []
    for many in (100, 400):
        kinds = [f"TYPE_{number:04}" for number in range(many)]
        lines = [post(kind, kind, f"B-{kind}") for kind in kinds]
        (folder / "train.jsonl").write_text("".join(lines))
        compared.clear()
        findings = check_data(folder, Hints([f"{kind}x" for kind in kinds] if given else None))
        assert max(len(problem.what) for problem in findings.problems) < 1000
        counts.append(len(compared) / many)
    assert 0 < counts[1] <= 1.1 * counts[0] <= 40


def test_types_that_are_alike_are_found_among_many(folder):
    others = [f"{a}{b}_KIND" for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "QXZW"]
    for one, other in [
        ("PER", "PERS"),
        ("MISC", "MIS"),
        ("ORGANIZATION", "ORGANISATION"),
        ("LOCATION", "locations"),
        ("xPERSON", "PERSON"),
    ]:
        (folder / "train.jsonl").write_text("".join(post(k, k, f"B-{k}") for k in (*others, one, other)))
        said = "\n".join(problem.what for problem in check_data(folder).problems)
        assert any(re.search(rf"types {a} .* and {b} ", said) for a, b in ((one, other), (other, one)))


def test_a_field_that_is_not_read_is_named(capsys, folder):
    append(folder, "train", '{"id": "z", "tokens": ["Ann"], "labels": ["B-PER"], "picture": "test.png"}\n')
    status, output = check(capsys, folder)
    assert status == 0 and "train.jsonl: the field 'picture', in 1 post" in output


def test_no_data_acts_on_the_terminal(capsys, folder):
    """Ids, types, tokens, groups, fields and names of files, in problems that stop and that do not."""
    evil = "\x1b[2J\r\x08\x9b\u202e\u2066\u2028\nproblems: 0"
    word = "".join(evil.split())
    append(
        folder,
        "train",
        post(evil, "Ann", "O", group=evil) + post("t", "Ann", f"B-{word}") + post("u", "Ann", "X"),
    )
    append(folder, "dev", post("a", word, "O", group=evil, **{evil: 1}) + post("b", word, "O", images=[evil]))
    append(folder, "test", post("c" + evil, word, "I-PER", group=evil, images=["no\u202e.png"]))
    append(folder, "test", post("d", "Eve rests", "O B-LOC"))
    append(folder, "dev", post("e", "Eve rests", "O B-LOC"))
    (folder / f"images/{word}.png").write_bytes(b"")
    _, output = check(capsys, folder)
    assert set(output) & {
        chr(code) for code in (*range(32), *range(127, 160), *range(0x2028, 0x202F), 0x2066)
    } == {"\n"}
    assert "\nproblems: 0" not in output and r"\x1b[2J\r\x08\x9b\u202e" in output


@pytest.mark.parametrize("command", [["check"], ["check", "--types", "PER"], ["tag"], ["verify"]])
def test_no_error_acts_on_the_terminal(capsys, tmp_path, command):
    assert main([*command, str(tmp_path / "\x1b[2J\u202e"), *(["x"] if command == ["tag"] else [])]) == 1
    assert r"\x1b[2J\u202e" in "".join(capsys.readouterr())


def test_a_log_and_what_it_shows_do_not_act_on_the_terminal(capsys, tmp_path):
    with pytest.raises(SystemExit), job("read", tmp_path / "log") as log:
        log.info("\x1b[2J, 1")
        raise UserError("\x1b[2J, 2\n  and \u202e")
    assert r"\x1b[2J, 1" in (tmp_path / "log").read_text() and r"\x1b[2J, 2" in (tmp_path / "log").read_text()
    assert capsys.readouterr().err == "\\x1b[2J, 2\n  and \\u202e\n"


def test_a_limit_says_how_many_more_there_are(capsys, folder):
    for number in range(5):
        append(folder, "train", post(str(number), "Ann", "PER"))
    _, output = check(capsys, folder, "--limit", "2")
    assert output.count("is not IOB2") == 2 and "and 3 more" in output


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda folder: (folder / "train.jsonl").unlink(), "no training posts among dev.jsonl, images"),
        (
            lambda folder: (folder / "valid.jsonl").touch(),
            "dev.jsonl, valid.jsonl could all be the split 'dev'",
        ),
        (
            lambda folder: (folder / "test.jsonl").write_text(""),
            "test.jsonl: no posts",
        ),
        (lambda folder: (folder / "dev.jsonl").write_bytes(b"{\xff"), "dev.jsonl:1: byte 0xff is not UTF-8"),
        (
            lambda folder: (folder / "train.jsonl").write_text("[\n" + post("a", "Ann", "O")),
            "train.jsonl: not one valid list of JSON",
        ),
        (
            lambda folder: (folder / "images").rename(folder / "photos"),
            "images: no such folder, but 3 images",
        ),
        (
            lambda folder: [f.write_bytes(b"") for f in (folder / "images").iterdir()],
            "no usable image among 3",
        ),
        (
            lambda folder: (folder / "images/dev.png").write_bytes(b""),
            "dev.jsonl: not one of the images that it names can be used",
        ),
        (
            lambda folder: (folder / "train.jsonl").rename(folder / "train{1}.jsonl"),
            "datasets.my_data.splits.train.0: 'train{1}.jsonl' is not a path below its folder",
        ),
        (
            lambda folder: [(folder / f"{split}.jsonl").unlink() for split in ("dev", "test")],
            "no file for dev and test, and train has 1 post or group, too few to draw from",
        ),
    ],
)
def test_a_folder_that_cannot_run(capsys, folder, change, message):
    change(folder)
    status, output = check(capsys, folder)
    assert status == 1 and message in output and "Traceback" not in output


def test_a_folder_that_may_not_be_read(capsys, folder, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    status, output = check(capsys, folder)
    said = f"mnerflow: {folder}: cannot be read (Permission denied). Name one that can be read.\n"
    assert (status, output) == (1, said)


def test_no_folder(capsys, tmp_path):
    status, output = check(capsys, tmp_path / "nowhere")
    assert status == 1 and "nowhere: no such folder" in output


def test_conll_without_images_asks_for_text_only(capsys, tmp_path):
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.conll").write_text(f"{split} B-PER\nruns O\n", encoding="utf-8")
    status, output = check(capsys, tmp_path)
    assert status == 0 and "fusions: [text_only]" in output and "image_encoders" not in output
    assert "dev: valid.conll" in output


def test_it_is_quick_and_needs_no_torch(folder):
    code = "import sys, mnerflow.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_reader_may_close_early(folder):
    append(folder, "train", "".join(post(str(n), "x", "I-PER") for n in range(5000)))
    command = [sys.executable, "-m", "mnerflow.cli", "check", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared")
def test_real_files(capsys):
    status, output = check(capsys, SHARED / "twitter2017", "--limit", "1")
    assert status == 1 and "3,373 posts" in output and "images: no such folder" in output
    assert "PER" in output and "154 × The token stays" in output
