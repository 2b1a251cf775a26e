"""Published runs that were damaged on their way, and what publishing and unpacking may write over."""

import json
import lzma
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from folder_contents import contents
from test_grid import load

from mnerflow.cli import main
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import read_predictions
from mnerflow.files.checksums import sha256
from mnerflow.files.writing import write_text
from mnerflow.plan.finished import check_records, is_published
from mnerflow.plan.names import Run
from mnerflow.plan.settings import run_config, sources
from mnerflow.publishing.checksums import SUMS, sums_below, sums_text
from mnerflow.publishing.packed import read_packed, unpacked, write_packed
from mnerflow.publishing.publish import publish
from mnerflow.publishing.tables import TABLES, TABLES_OF_WORDS
from mnerflow.publishing.take_over import take_over
from mnerflow.publishing.unpack import unpack

CONFIG = load()
RUN = Run("demo", "none", "bilstm", "none", "text_only", 1)
FOLDER = f"runs/{RUN.path}"
FILES = ("run.yaml", "history.csv", "predictions.jsonl.xz")
POSTS = [Post(str(number), ["Ann", "sings"], ["B-PER", "O"]) for number in range(3)]


def packed(lines: list[Any]) -> bytes:
    return lzma.compress("".join(f"{json.dumps(line)}\n" for line in lines).encode())


def prediction(**changes: Any) -> dict[str, Any]:
    values = {"split": "test", "condition": "true", "id": "0", "labels": ["B-PER", "O"]}
    return values | {"predicted": ["O", "O"], "subwords": [1, 2]} | changes


def seal(published: Path) -> None:
    write_text(published / SUMS, sums_text(sums_below(published, published)))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """One run, and beside it the ``data`` that it was trained on."""
    for split in ("train", "dev", "test"):
        write_posts(tmp_path / f"data/{split}.jsonl", POSTS)
    example = next((Path(__file__).parents[2] / "results/published/runs").rglob("text_only/seed1/run.yaml"))
    record = yaml.safe_load(example.read_text(encoding="utf-8")) | {
        "config": run_config(CONFIG, RUN),
        "sources": sources(CONFIG, "bilstm", "none"),
        "data_sha256": {
            f"data/{split}.jsonl": sha256(tmp_path / f"data/{split}.jsonl") for split in ("train",)
        },
    }
    folder = tmp_path / "published" / FOLDER
    write_text(folder / "run.yaml", yaml.safe_dump(record))
    write_text(folder / "history.csv", "epoch,dev_entity_f1\n1,0.5\n")
    lines = [prediction(id=post.id, split=split) for split in ("dev", "test") for post in POSTS]
    (folder / "predictions.jsonl.xz").write_bytes(packed(lines))
    seal(tmp_path / "published")
    return tmp_path / "published"


def test_a_sound_run_is_known_unpacked_and_taken_over(published: Path, tmp_path: Path) -> None:
    assert is_published(published, RUN, CONFIG)
    assert is_published(published, RUN, CONFIG | {"training": CONFIG["training"] | {"threads": 9}})
    assert not is_published(published, RUN, CONFIG | {"training": CONFIG["training"] | {"clip": 9.0}})
    assert unpack(published, tmp_path / "unpacked") == 1
    take_over(published, RUN, tmp_path / "results", tmp_path / "data")
    for folder, tokens in (("unpacked", ["", ""]), ("results", ["Ann", "sings"])):
        found = read_predictions(tmp_path / folder / FOLDER / "predictions.jsonl")
        assert list(found) == [("dev", "true"), ("test", "true")]
        for posts in found.values():
            assert [(each.tokens, each.predicted) for each in posts] == [(tokens, ["O", "O"])] * 3


def test_results_that_were_put_here_are_compared_with_the_settings(published: Path, tmp_path: Path) -> None:
    unpack(published, tmp_path / "results")
    runs = [RUN, replace(RUN, seed=2)]  # of which one is there
    check_records(tmp_path / "results", runs, CONFIG)
    changed = CONFIG | {"training": CONFIG["training"] | {"epochs": 77}}
    with pytest.raises(UserError, match=r"seed1: trained with other settings .*\(so 1 run\)"):
        check_records(tmp_path / "results", runs, changed)


def test_weights_of_other_settings_are_gone_before_a_run_is_taken_over(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "results" / FOLDER
    write_text(folder / "model.safetensors", "")
    write_text(folder / "weights_dropped.txt", "")
    left = []
    monkeypatch.setattr(
        "mnerflow.publishing.take_over.write_run", lambda *given: left.append([*folder.iterdir()])
    )
    take_over(published, RUN, tmp_path / "results", tmp_path / "data")
    assert left == [[]], "a kill from here on leaves no weights beside the record of the published run"


def test_a_context_that_came_later_and_is_not_read_makes_no_other_data(
    published: Path, tmp_path: Path
) -> None:
    later = [replace(post, contexts={"ocr": "STOP"}) for post in POSTS]
    write_posts(tmp_path / "data/train.jsonl", later)
    take_over(published, RUN, tmp_path / "results", tmp_path / "data")
    write_posts(tmp_path / "data/train.jsonl", [replace(later[0], tokens=["An", "sings"]), *later[1:]])
    with pytest.raises(UserError, match=r"train.jsonl is not what this run was trained on"):
        take_over(published, RUN, tmp_path / "results", tmp_path / "data")


BOMB = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


def of_record(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda data: yaml.safe_dump(yaml.safe_load(data) | changes).encode()


ANY: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "its last byte lost": lambda data: data[:-1],
    "zeros": lambda data: bytes(len(data)),
    "a zero within": lambda data: data[:20] + b"\0" + data[20:],
    "not UTF-8": lambda data: data[:20] + b"\xff\xfe" + data[20:],
    "another file": lambda data: Path(__file__).read_bytes(),
    "a bit flipped": lambda data: data[:10] + bytes([data[10] ^ 16]) + data[11:],
}
OF_RECORD = {
    "nested without end": lambda data: b"config: " + b"[" * 5000 + b"]" * 5000,
    "mappings without end": lambda data: b"{a: " * 5000,
    "anchors that are a bomb": lambda data: data + BOMB.encode(),
    "an anchor that holds itself": lambda data: data + b"a: &a [*a]\n",
    "a list": lambda data: b"[1, 2]",
    "a month too many": lambda data: data + b"when: 2026-13-45\n",
    "an object of Python": lambda data: data + b"x: !!python/object/apply:os.system [id]\n",
    "no config": of_record(config=None),
    "config a number": of_record(config=5),
    "training a list": of_record(config={"training": []}),
    "data a list": of_record(data_sha256=["x"]),
    "a checksum a number": of_record(data_sha256={"train.jsonl": 5}),
    "data that is not there": of_record(data_sha256={"no.jsonl": "0"}),
    "sources null": of_record(sources=None),
    "seconds text": of_record(seconds="long"),
    "versions text": of_record(versions="1"),
    "no keys": lambda data: b"x: 1\n",
}
OF_PREDICTIONS = {
    name: lambda data, line=line: packed([line])
    for name, line in {
        "a number": 5,
        "null": None,
        "no labels": {"id": "0"},
        "labels null": prediction(labels=None),
        "predicted null": prediction(predicted=None),
        "predicted of numbers": prediction(predicted=[1, 2]),
        "subwords of text": prediction(subwords=["1", "2"]),
        "negative subwords": prediction(subwords=[-1, 2]),
        "too few": prediction(predicted=["O"]),
        "an id that is a list": prediction(id=["0"]),
        "no tag": prediction(predicted=["Q", "O"]),
        "a field too many": prediction(more=1),
    }.items()
} | {
    "nested without end": lambda data: lzma.compress(b"[" * 100_000),
    "not JSON": lambda data: lzma.compress(b"{'id': 0}\n"),
    "packed text that is not UTF-8": lambda data: lzma.compress(b"\xff"),
    "a bomb": lambda data: lzma.compress(b" " * (1 << 21)),
    "a bomb of wide characters": lambda data: lzma.compress("é".encode() * (1 << 20)),
}
DAMAGES = [
    *((file, name, change) for file in FILES for name, change in ANY.items()),
    *(("run.yaml", name, change) for name, change in OF_RECORD.items()),
    *((file, name, change) for file in FILES[2:] for name, change in OF_PREDICTIONS.items()),
]


@pytest.mark.parametrize(
    ("file", "damage"),
    [(file, change) for file, _, change in DAMAGES],
    ids=[f"{f}: {n}" for f, n, _ in DAMAGES],
)
def test_a_damaged_file_is_named_in_one_sentence(
    file: str, damage: Callable[[bytes], bytes], published: Path, tmp_path: Path
) -> None:
    path = published / FOLDER / file
    path.write_bytes(damage(path.read_bytes()))
    for act in (
        lambda: unpack(published, tmp_path / "unpacked"),
        lambda: take_over(published, RUN, tmp_path / "results", tmp_path / "data"),
    ):
        with pytest.raises(UserError, match=f"{file}: missing, changed or not listed") as error:
            act()
        assert len(str(error.value)) < 500
    try:  # a run is passed over for its settings only
        assert is_published(published, RUN, CONFIG)
    except UserError as error:
        assert file in str(error)
    assert not (tmp_path / "unpacked").exists() and not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("file", "damage"),
    [(file, change) for file, _, change in DAMAGES],
    ids=[f"{f}: {n}" for f, n, _ in DAMAGES],
)
def test_a_damaged_file_whose_checksum_fits_is_no_traceback(
    file: str, damage: Callable[[bytes], bytes], published: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("mnerflow.publishing.packed.MAX_BYTES", 1 << 20)
    path = published / FOLDER / file
    path.write_bytes(damage(path.read_bytes()))
    seal(published)
    for act in (
        lambda: is_published(published, RUN, CONFIG),
        lambda: take_over(published, RUN, tmp_path / "results", tmp_path / "data"),
    ):
        try:
            act()
        except UserError as error:
            assert file in str(error) or RUN.path in str(error)
            assert len(str(error)) < 1000


@pytest.mark.parametrize("text", ["é" * 8, "a" + "é" * 8], ids=["between characters", "within a character"])
def test_the_limit_of_a_packed_file_counts_bytes(text: str, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "predictions.jsonl.xz"
    path.write_bytes(lzma.compress(text.encode()))
    monkeypatch.setattr("mnerflow.publishing.packed.MAX_BYTES", len(text.encode()))
    assert unpacked(path) == text
    for limit in (len(text.encode()) - 1, 9, 8):
        monkeypatch.setattr("mnerflow.publishing.packed.MAX_BYTES", limit)
        with pytest.raises(UserError, match=f"unpacks to more than {limit} bytes"):
            unpacked(path)


def test_only_predictions_that_changed_are_packed_again(published: Path) -> None:
    path = published / FOLDER / "predictions.jsonl.xz"
    predictions = read_packed(path)
    write_packed(path, predictions)
    text = unpacked(path)
    packed_elsewhere = lzma.compress(text.encode(), preset=0)
    path.write_bytes(packed_elsewhere)
    write_packed(path, predictions)
    assert path.read_bytes() == packed_elsewhere
    path.write_bytes(packed_elsewhere[:-1])
    write_packed(path, predictions)
    assert unpacked(path) == text
    predictions["test", "true"][0].predicted[0] = "B-LOC"
    write_packed(path, predictions)
    assert unpacked(path) != text and read_packed(path) == predictions


@pytest.mark.parametrize("file", [*FILES, SUMS])
def test_a_file_that_is_missing_is_named(file: str, published: Path, tmp_path: Path) -> None:
    path = published / SUMS if file == SUMS else published / FOLDER / file
    path.unlink()
    for act in (
        lambda: unpack(published, tmp_path / "unpacked"),
        lambda: take_over(published, RUN, tmp_path / "results", tmp_path / "data"),
    ):
        with pytest.raises(UserError, match=file):
            act()
    if file == "run.yaml":
        with pytest.raises(UserError, match=file):
            is_published(published, RUN, CONFIG)


@pytest.mark.parametrize("sums", ["x", "\n", f"{64 * '0'} a\n", f"{64 * '0'}  a\n" * 2, "\udcff"])
def test_checksums_that_are_none_are_named(sums: str, published: Path, tmp_path: Path) -> None:
    (published / SUMS).write_bytes(sums.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=SUMS):
        unpack(published, tmp_path / "unpacked")


# What is there already.


def test_unpacking_touches_no_run_that_is_there(published: Path, tmp_path: Path, capsys) -> None:
    results = tmp_path / "results"
    write_text(results / FOLDER / "model.safetensors", "weights")
    write_text(results / FOLDER / "run.yaml", "of a training")
    before = contents(results)
    assert main(["unpack", str(results), "--from", str(published)]) == 1
    assert "holds runs already" in capsys.readouterr().err and contents(results) == before
    assert main(["unpack", str(published), "--from", str(published)]) == 1
    shutil.rmtree(results / "runs")
    write_text(results / "mine.txt", "kept")
    assert main(["unpack", str(results), "--from", str(published)]) == 0
    assert (results / "mine.txt").read_text(encoding="utf-8") == "kept"


def test_publishing_touches_no_folder_of_other_things(tmp_path: Path, monkeypatch, published: Path) -> None:
    monkeypatch.setattr("mnerflow.publishing.publish.recorded", lambda results: ({}, "abc"))
    write_text(tmp_path / "results/config.yaml", yaml.safe_dump(CONFIG))
    out = tmp_path / "mine"
    write_text(out / "config.yaml", "mine: 1\n")
    before = contents(out)
    with pytest.raises(UserError, match="Name an empty folder"):
        publish(tmp_path / "results", out)
    with pytest.raises(UserError, match="Name an empty folder"):
        publish(tmp_path / "results", tmp_path / "results")
    assert contents(out) == before


def test_plots_of_an_earlier_grid_are_not_published(tmp_path: Path, monkeypatch) -> None:
    sums = {"plots/forest.svg": "a", "plots/forest.png": "b"}
    monkeypatch.setattr("mnerflow.publishing.publish.recorded", lambda results: (sums, "abc"))
    study = tmp_path / "results"
    write_text(study / "config.yaml", yaml.safe_dump(CONFIG))
    tables = (f"tables/{name}" for name in (*TABLES, *TABLES_OF_WORDS))
    for name in ("scores.csv", *tables, *sums, "plots/confusion_matrix.earlier.svg"):
        write_text(study / name, "")
    publish(study, tmp_path / "out")
    assert [file.name for file in (tmp_path / "out/plots").iterdir()] == ["forest.svg"]


def test_what_a_later_publication_lacks_does_not_stay(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("mnerflow.publishing.publish.recorded", lambda results: ({}, "abc"))
    study, out = tmp_path / "results", tmp_path / "out"
    for name in ("scores.csv", "report.html", *(f"tables/{name}" for name in (*TABLES, *TABLES_OF_WORDS))):
        write_text(study / name, "")
    for quoting in (False, True):
        write_text(study / "config.yaml", yaml.safe_dump(CONFIG | {"quote_posts": quoting}))
        publish(study, out)
        assert (out / "report.html").exists() is not quoting
        assert ("report.html" in (out / SUMS).read_text()) is not quoting
