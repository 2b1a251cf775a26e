"""Data sets of Hugging Face: parquet, saved folders, JSON lines; tags that are strings, or numbers."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from mnerflow.data.formats import companions_of, format_of, parse
from mnerflow.data.post import Post
from mnerflow.errors import UserError

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


def test_images_within_a_table_are_named_and_empty_rows_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    columns = {
        "tokens": [["Ann"], []],
        "labels": [["B-PER"], []],
        "image": [{"bytes": b"1", "path": "a"}] * 2,
    }
    with caplog.at_level(logging.WARNING, "mnerflow"):
        posts = parse("hugging_face", table(tmp_path / "train.parquet", columns))
    assert [post.tokens for post in posts] == columns["tokens"]
    said = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert said == ["images within a table are not read: image"]


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
        ({"tokens": ["Ann"], "ner_tags": [1, 2]}, "train-1' has 1 tokens and 2 labels"),
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
