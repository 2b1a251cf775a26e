"""Folders as tools and hubs leave them are found by `mnerflow check`, and its lines run as they stand."""

import json
import re
from pathlib import Path

import pytest
import yaml
from test_grid import ROOT, load

from mnerflow.cli import main
from mnerflow.config import build, settings_of
from mnerflow.config.configuration import check
from mnerflow.data.check import check_data
from mnerflow.data.check.pasted import configuration
from mnerflow.data.config import PrepareConfig
from mnerflow.data.formats import parse
from mnerflow.data.post import read_splits
from mnerflow.data.prepare import prepare
from mnerflow.plan.plan import Plan
from mnerflow.plan.settings import merge

PAGE = (ROOT / "docs/data.md").read_text(encoding="utf-8")
FEATURE = "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|value"
NAMES = {"ner_tags": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "List"}}


def brat(folder: Path, split: str) -> str:
    for name in ("a", "b"):
        for suffix, text in (
            ("txt", f"{name.upper()}nn met {split}."),
            ("ann", f"T1\tPER 0 3\t{name.upper()}nn\n"),
        ):
            file = folder / split / f"{name}.{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return split


def webanno(folder: Path, split: str) -> str:
    file = folder / f"{split}/letter.txt/CURATION_USER.tsv"
    file.parent.mkdir(parents=True)
    rows = f"1-1\t0-3\tAnn\tPER\n1-2\t4-9\t{split}\t_\n\n#Text=Bob\n2-1\t20-23\tBob\tPER\n"
    file.write_text(f"#FORMAT=WebAnno TSV 3.3\n{FEATURE}\n\n\n#Text=x\n{rows}", encoding="utf-8")
    return split


def pair(folder: Path, split: str) -> str:
    (folder / f"{split}.txt").write_text(f"Ann {split}.\nBob left.", encoding="utf-8")
    (folder / f"{split}.ann").write_text("T1\tPER 0 3\tAnn\n", encoding="utf-8")
    return f"{split}.ann"


def columns(split: str) -> dict[str, list]:
    return {"id": ["0", "1"], "tokens": [["Ann", split], ["Bob"]], "ner_tags": [[1, 0], [1]]}


def parquet(folder: Path, split: str) -> str:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    name = f"data/{'validation' if split == 'dev' else split}-00000-of-00001.parquet"
    (folder / name).parent.mkdir(exist_ok=True)
    write_table(pyarrow.table(columns(split)), folder / name)
    (folder / "dataset_info.json").write_text(json.dumps({"features": NAMES}), encoding="utf-8")
    return name


def saved(folder: Path, split: str) -> str:
    pyarrow = pytest.importorskip("pyarrow")
    path = folder / ("validation" if split == "dev" else split)
    path.mkdir()
    found = pyarrow.table(columns(split))
    with pyarrow.ipc.new_stream(path / "data.arrow", found.schema) as stream:
        stream.write_table(found)
    (path / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": "data.arrow"}]}), encoding="utf-8"
    )
    (path / "dataset_info.json").write_text(json.dumps({"features": NAMES}), encoding="utf-8")
    return path.name


def json_lines(folder: Path, split: str) -> str:
    text = "".join(f"{json.dumps({'tokens': [one, split], 'ner_tags': [1, 0]})}\n" for one in ("Ann", "Bob"))
    (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
    return f"{split}.jsonl"


@pytest.mark.parametrize(
    ("make", "format", "told"),
    [
        (brat, "brat", {}),
        (pair, "brat", {}),
        (webanno, "webanno", {}),
        (webanno, "webanno", {"layer": FEATURE.partition("=")[2]}),
        (parquet, "hugging_face", {}),
        (saved, "hugging_face", {}),
        (json_lines, "hugging_face", {"tag_names": ["O", "B-PER"]}),
    ],
)
def test_the_lines_that_check_prints_run_as_they_stand(make, format: str, told: dict, tmp_path: Path, capsys):
    folder = tmp_path / "letters"
    folder.mkdir()
    splits = {split: make(folder, split) for split in ("train", "dev", "test")}
    given = [
        part
        for name, value in told.items()
        for part in (f"--{name.replace('_', '-')}", value if isinstance(value, str) else ",".join(value))
    ]
    assert main(["check", str(folder), *given]) == 0
    config = {"name": "x"} | merge(load(), yaml.safe_load(capsys.readouterr().out.partition("FILE`:")[2]))
    entry = config["datasets"]["my_letters"]
    assert entry == {"folder": str(folder), "format": format, "types": ["PER"], "splits": splits} | told
    check(config)
    assert all(
        Path(file).is_file() for file in Plan(config, ROOT / "config/prompt.md").data.raw_files("my_letters")
    )
    prepare(build(PrepareConfig, settings_of(PrepareConfig, entry), "x"), folder, tmp_path / "out")
    found = read_splits(tmp_path / "out")
    assert [len(posts) for posts in found.values()] == [2, 2, 2]
    assert all(posts[0].labels[0] == "B-PER" for posts in found.values())


@pytest.mark.parametrize("make", [brat, webanno, saved])
def test_a_folder_that_is_a_split_itself_is_train(make, tmp_path: Path):
    findings = check_data(tmp_path / make(tmp_path, "corpus"))
    [entry] = yaml.safe_load(configuration(findings))["datasets"].values()
    assert (entry["folder"], entry["splits"]) == (str(tmp_path), {"train": "corpus"})


def test_parts_of_a_table_are_one_split(tmp_path: Path):
    first = Path(parquet(tmp_path, "train"))
    (tmp_path / first).rename(tmp_path / "data/train-00000-of-00002.parquet")
    (tmp_path / parquet(tmp_path, "train")).rename(tmp_path / "data/train-00001-of-00002.parquet")
    findings = check_data(tmp_path)
    assert findings.files == {"train": [f"data/train-0000{number}-of-00002.parquet" for number in (0, 1)]}
    assert len(findings.splits["train"]) == 4


@pytest.mark.parametrize(
    ("heading", "format", "files"),
    [
        ("brat's folders", "brat", ["train.txt", "train.ann"]),
        ("Exports of INCEpTION and WebAnno", "webanno", ["train.tsv"]),
        ("Tables of Hugging Face", "hugging_face", ["train.json"]),
    ],
)
def test_the_examples_of_the_page_say_the_same(heading: str, format: str, files: list[str], tmp_path: Path):
    section = PAGE.partition(f"\n### {heading}\n")[2].partition("\n##")[0]
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    for name, (_, text) in zip(files, blocks, strict=False):
        (tmp_path / name).write_text(text, encoding="utf-8")
    entry = next(
        (yaml.safe_load(text)["datasets"]["my_letters"] for kind, text in blocks if kind == "yaml"), {}
    )
    told = {"tag_names": entry["tag_names"]} if entry else {}
    posts = parse(format, tmp_path / files[0], options=told)
    tagged = [pair for post in posts for pair in zip(post.tokens, post.labels, strict=True) if pair[1] != "O"]
    people = [("Anna", "B-PER"), ("Novak", "I-PER")]
    more = {"brat": [*people, ("Cham", "B-LOC")], "webanno": people, "hugging_face": [people[0], *people]}
    assert tagged == more[format]
