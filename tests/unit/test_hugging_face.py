"""Data sets of Hugging Face: parquet, saved folders, JSON lines; tags that are strings, or numbers."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mnerflow.cli import main
from mnerflow.data.formats import companions_of, format_of, holds_images, parse, write_images
from mnerflow.data.image_store import build_store
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.plan.datasets import Datasets

NAMES = ["O", "B-PER", "I-PER", "B-LOC"]
LABEL = {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "List"}
FEATURES = {"tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"}, "ner_tags": LABEL}
INFO = json.dumps({"features": FEATURES})
CARD = """---
license: mit
dataset_info:
- config_name: plain
  features:
  - name: chunk_tags
    sequence:
      class_label:
        names: {'0': O}
  - name: ner_tags
    sequence:
      class_label:
        names: {'0': O, '1': B-PER, '10': x, '2': I-PER, '3': B-LOC}
---
# Names
"""
COLUMNS = {"tokens": [["Ann", "Lee"], ["in", "Rome"]], "ner_tags": [[1, 2], [0, 3]]}
READ = [Post("train-1", ["Ann", "Lee"], ["B-PER", "I-PER"]), Post("train-2", ["in", "Rome"], ["O", "B-LOC"])]


def table(path: Path, columns: dict[str, list], declared: dict[str, Any] | None = None) -> Path:
    """A parquet file, or for ``.arrow`` a stream, as ``datasets`` writes them."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import ipc, parquet

    found = pyarrow.table(columns)
    if declared:
        metadata = {"huggingface": json.dumps({"info": {"features": declared}})}
        found = found.replace_schema_metadata(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        parquet.write_table(found, path, row_group_size=1)
    else:
        with ipc.new_stream(path, found.schema) as stream:
            stream.write_table(found)
    return path


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


def test_parquet_names_its_tags_itself(tmp_path: Path) -> None:
    path = table(tmp_path / "train.parquet", COLUMNS, FEATURES)
    assert format_of(path) == "hugging_face" and parse("hugging_face", path) == READ


@pytest.mark.parametrize("name", ["dataset_info.json", "README.md", "../dataset_info.json", "../README.md"])
def test_names_may_stand_beside_or_one_folder_up(name: str, tmp_path: Path) -> None:
    path = table(tmp_path / "set/data/train.parquet", COLUMNS)
    info = path.parent / name
    info.write_text(CARD if name.endswith("md") else INFO, encoding="utf-8")
    assert parse("hugging_face", path) == READ
    assert [file.resolve() for file in companions_of("hugging_face", path)] == [info.resolve()]


def test_a_saved_folder_is_read_in_its_order(tmp_path: Path) -> None:
    first = table(
        tmp_path / "train/data-b.arrow", {key: value[:1] for key, value in COLUMNS.items()}, FEATURES
    )
    second = table(
        first.with_name("data-a.arrow"), {key: value[1:] for key, value in COLUMNS.items()}, FEATURES
    )
    state = {"_data_files": [{"filename": first.name}, {"filename": second.name}], "_split": "train"}
    lines(tmp_path / "train/state.json", state)
    lines(tmp_path / "dataset_dict.json", {"splits": ["train"]})
    assert (
        format_of(tmp_path / "train") == "hugging_face" and parse("hugging_face", tmp_path / "train") == READ
    )
    assert {*companions_of("hugging_face", tmp_path / "train")} == {*(tmp_path / "train").iterdir()}
    with pytest.raises(UserError, match=r"all splits in one folder. Name the folder of each"):
        parse("hugging_face", tmp_path)
    lines(tmp_path / "train/state.json", state | {"_indices_data_files": [{"filename": "indices.arrow"}]})
    with pytest.raises(UserError, match=r"state.json: rows were chosen, .* Call flatten_indices"):
        parse("hugging_face", tmp_path / "train")
    lines(tmp_path / "train/state.json", state)
    first.unlink()
    with pytest.raises(UserError, match=r"data-b.arrow: no such file"):
        parse("hugging_face", tmp_path / "train")


def test_a_folder_of_parquet_files_is_one_split(tmp_path: Path) -> None:
    for number in (0, 1):
        columns = {key: value[number : number + 1] for key, value in COLUMNS.items()}
        table(tmp_path / f"train/train-0000{number}-of-00002.parquet", columns, FEATURES)
    assert (
        format_of(tmp_path / "train") == "hugging_face" and parse("hugging_face", tmp_path / "train") == READ
    )


def test_tags_may_be_strings_and_a_row_may_have_an_id(tmp_path: Path) -> None:
    columns = {"id": ["7", None], "tokens": [["Ann"], ["Rome"]], "tags": [["B-PER"], ["B-LOC"]]}
    path = table(tmp_path / "train.parquet", columns)
    assert [post.id for post in parse("hugging_face", path)] == ["7", "train-2"]


def test_empty_rows_are_kept(tmp_path: Path) -> None:
    columns = {"tokens": [["Ann"], []], "labels": [["B-PER"], []]}
    posts = parse("hugging_face", table(tmp_path / "train.parquet", columns))
    assert [post.tokens for post in posts] == columns["tokens"]


def picture(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


RED, BLUE = picture("red"), picture("blue")


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_images_within_a_table_are_written_as_posts_name_them(ending: str, tmp_path: Path) -> None:
    red = {"bytes": RED, "path": "../../red.PNG"}
    shown = [[red], [red, {"bytes": BLUE, "path": None}], [], None, [{"bytes": b"no image", "path": "x.jpg"}]]
    columns = {"tokens": [["Ann"]] * 5, "labels": [["B-PER"]] * 5, "pictures": shown}
    path = table(tmp_path / f"train.{ending}", columns)
    posts = parse("hugging_face", path)
    names = [post.images for post in posts]
    assert [len(images) for images in names] == [1, 2, 0, 0, 1] and names[0] == names[1][:1]
    assert names[0][0].endswith(".png") and names[4][0].endswith(".jpg")
    assert holds_images("hugging_face", [path])
    assert write_images("hugging_face", [path, path], tmp_path / "images") == 3
    files = {file.name: file.read_bytes() for file in (tmp_path / "images").iterdir()}
    assert files == {names[1][0]: RED, names[1][1]: BLUE, names[4][0]: b"no image"}
    report = build_store(sorted(files), tmp_path / "images", tmp_path / "store", 8)
    assert [(name, entry.reason) for name, entry in report.problems.items()] == [
        (names[4][0], "not an image")
    ]


def test_one_image_a_row_and_one_whose_bytes_are_elsewhere(tmp_path: Path) -> None:
    image = [{"bytes": RED, "path": None}, {"bytes": None, "path": "b.png"}]
    path = table(tmp_path / "train.parquet", COLUMNS | {"image": image}, FEATURES)
    assert [len(post.images) for post in parse("hugging_face", path)] == [1, 1]
    assert parse("hugging_face", path)[1].images == ["b.png"]
    assert write_images("hugging_face", [path], tmp_path / "images") == 1
    outside = table(
        tmp_path / "dev.parquet", COLUMNS | {"image": [{"bytes": None, "path": "/a.png"}] * 2}, FEATURES
    )
    with pytest.raises(UserError, match=r"dev.parquet:1: post 'dev-1': the image '/a.png' lies outside"):
        parse("hugging_face", outside)


@pytest.mark.parametrize("column", ["image", "images"])
def test_images_may_be_named(column: str, tmp_path: Path) -> None:
    values = ["a.png", "b/c.png"] if column == "image" else [["a.png"], ["b/c.png"]]
    path = table(tmp_path / "train.parquet", COLUMNS | {column: values}, FEATURES)
    assert [post.images for post in parse("hugging_face", path)] == [["a.png"], ["b/c.png"]]
    assert not holds_images("hugging_face", [path])
    path = lines(tmp_path / "train.json", {"tokens": ["Ann"], "tags": ["B-PER"], column: values[0]})
    assert parse("hugging_face", path)[0].images == ["a.png"]


def test_a_bomb_of_images_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnerflow.data.archive.MAX_RATIO", 0)
    path = table(
        tmp_path / "train.parquet", COLUMNS | {"image": [{"bytes": RED, "path": None}] * 2}, FEATURES
    )
    monkeypatch.setattr("mnerflow.data.archive.FREE_BYTES", len(RED) - 1)
    with pytest.raises(UserError, match=r"train.parquet: unpacks to more than"):
        write_images("hugging_face", [path], tmp_path / "images")
    assert not (tmp_path / "images").exists()


def test_the_workflow_takes_images_out_of_tables_alone(tmp_path: Path) -> None:
    table(tmp_path / "train.parquet", COLUMNS | {"image": [{"bytes": RED, "path": None}] * 2}, FEATURES)
    table(tmp_path / "named.parquet", COLUMNS | {"image": ["a.png", "b.png"]}, FEATURES)
    entry = {"format": "hugging_face", "types": ["PER"]}
    fetched = {"files": {"train.parquet": {"url": "https://localhost/train.parquet"}}}
    data = Datasets(
        {
            "datasets": {
                "own": entry | {"folder": str(tmp_path), "splits": {"train": "train.parquet"}},
                "named": entry | {"folder": str(tmp_path), "splits": {"train": "named.parquet"}},
                "fetched": entry | fetched | {"splits": {"train": "train.parquet"}},
            }
        }
    )
    sources = {name: data.image_source(name) for name in data.entries}
    folders = {name: f"resources/data/{name}/images" for name in ("own", "fetched")}
    assert sources == {"own": [folders["own"]], "named": [], "fetched": [folders["fetched"]]}
    assert {name: data.image_folder(name) for name in data.entries} == folders | {
        "named": f"{tmp_path}/images"
    }
    assert data.scans("own") == []


def test_check_looks_at_images_within_a_table(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for split, data in {"train": RED, "dev": BLUE, "test": b"no image"}.items():
        image = [{"bytes": data, "path": None}] * 2
        table(tmp_path / f"data/{split}.parquet", COLUMNS | {"image": image}, FEATURES)
    assert main(["check", str(tmp_path / "data")]) == 0
    output = capsys.readouterr().out
    assert "usable images: 2" in output and "is not an image" in output and "image_encoders: [cnn]" in output


def test_json_lines_with_numbers_need_names(tmp_path: Path) -> None:
    path = lines(tmp_path / "train.json", {"tokens": ["Ann", "Lee"], "ner_tags": [1, 2]})
    assert format_of(path) == "hugging_face"
    with pytest.raises(UserError, match=r"ner_tags are numbers, .* `tag_names: \[O, B-PER, …\]`, or"):
        parse("hugging_face", path)
    assert parse("hugging_face", path, options={"tag_names": NAMES}) == READ[:1]
    canonical = {"id": 1, "tokens": ["Ann"], "labels": ["B-PER"], "tags": ["news"]}
    assert format_of(lines(path, canonical)) == "jsonl"
    assert format_of(lines(path, {"id": 1, "tokens": ["Ann"], "labels": [1]})) == "hugging_face"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            {"tokens": ["Ann"], "ner_tags": [-100]},
            "1: ner_tags has the number -100, but 4 tags are named: O, B",
        ),
        ({"tokens": ["Ann"], "ner_tags": [1, 2]}, "train-1' has 1 token and 2 labels"),
        ({"tokens": ["Ann"], "ner_tags": ["PERSON"]}, "the label 'PERSON' is not IOB2"),
        ({"tokens": ["Ann"], "ner_tags": [1, "O"]}, "item 1 of the field 'ner_tags' is a number"),
        ({"tokens": None, "ner_tags": [1]}, "1: the field 'tokens' is null"),
        (
            {"words": ["Ann"], "ner_tags": [1]},
            "1: 'tokens' and one of ner_tags, tags, labels are expected among",
        ),
    ],
)
def test_what_cannot_be_read_is_named(record: dict, said: str, tmp_path: Path) -> None:
    path = lines(tmp_path / "train.json", record)
    (tmp_path / "dataset_info.json").write_text(INFO, encoding="utf-8")
    with pytest.raises(UserError) as error:
        parse("hugging_face", path)
    assert said in str(error.value) and f"{path}:1" in str(error.value)


def test_two_declarations_are_one_too_many(tmp_path: Path) -> None:
    path = lines(tmp_path / "train.json", {"tokens": ["Ann"], "ner_tags": [1]})
    (tmp_path / "README.md").write_text(
        CARD.replace("- name: chunk_tags", "- name: ner_tags"), encoding="utf-8"
    )
    with pytest.raises(
        UserError, match=r"README.md names the tags of ner_tags in 2 ways. Write .*`tag_names"
    ):
        parse("hugging_face", path)


def test_a_damaged_table_and_a_lack_of_pyarrow_are_told(tmp_path: Path, monkeypatch) -> None:
    path = table(tmp_path / "train.parquet", COLUMNS, FEATURES)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match=r"train.parquet: no whole table \(.*Fetch it again"):
        parse("hugging_face", path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pyarrow, which is not installed. Run `pip install pyarrow`"):
        parse("hugging_face", path)
