"""Preparation: what it writes, what it counts, and that it writes all or nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mnerflow.data.config import Columns, ContextFiles, PrepareConfig
from mnerflow.data.post import SPLITS, read_posts, read_splits
from mnerflow.data.prepare import prepare
from mnerflow.data.prepare_report import ContextReport
from mnerflow.errors import UserError
from mnerflow.files.checksums import sha256
from mnerflow.record import RECORD, TrainingRecord

DATA = Path(__file__).parents[3] / "shared" / "data"
PUBLISHED = Path(__file__).parents[2] / "results/published/runs"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not here")
FILES = {split: f"{split}.txt" for split in SPLITS}


def config(**changes) -> PrepareConfig:
    return PrepareConfig(**{"format": "umt", "types": ["PER", "LOC"], "splits": FILES} | changes)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "train.txt").write_text("IMGID:1\nAnn\tI-PER\nParis\tI-LOC\nis\tO\n\nIMGID:2\nhi\tO\n")
    (folder / "dev.txt").write_text("IMGID:3\nhi\tO\n")
    (folder / "test.txt").write_text("IMGID:4\nBob\tB-PER\nBrown\tI-PER\n")
    return folder


def test_counts_and_canonical_files(raw: Path, tmp_path: Path) -> None:
    texts = "1.jpg :a woman\n2.jpg :\n3.jpg :a wave\n4.jpg :a man\n9.jpg :nobody\n"
    (raw / "captions.txt").write_text(texts)
    with (raw / "dev.txt").open("a") as file:
        file.write("\nIMGID:5\nyo\tO\n")
    settings = config(language="en", contexts={"caption": ContextFiles(["captions.txt"], "txt")})
    report = prepare(settings, raw, tmp_path / "out")

    train = report.splits["train"]
    assert (train.posts, train.tokens, train.entities) == (2, 4, {"PER": 1, "LOC": 1})
    assert (train.stray_after_outside, train.stray_after_other_type) == (1, 1)
    assert (train.posts_without_entities, train.posts_without_image) == (1, 0)
    assert report.repeated_texts == [{"value": "hi", "ids": {"train": ["2"], "dev": ["3"]}}]
    assert report.contexts == {
        "caption": ContextReport(
            posts={"train": 1, "dev": 1, "test": 1},
            lacking={"train": [], "dev": ["5"], "test": []},
            empty={"train": ["2"], "dev": [], "test": []},
            surplus=["9.jpg"],
        )
    }
    assert json.loads((tmp_path / "out/report.json").read_text())["splits"]["train"]["tokens"] == 4

    line = (tmp_path / "out/train.jsonl").read_text().split("\n")[0]
    assert line == (
        '{"id": "1", "tokens": ["Ann", "Paris", "is"], "labels": ["I-PER", "I-LOC", "O"], '
        '"images": ["1.jpg"], "caption": "a woman", "language": "en"}'
    )


def test_repair_is_a_named_option(raw: Path, tmp_path: Path) -> None:
    report = prepare(config(repair=True), raw, tmp_path / "out")
    assert report.repaired == 2
    assert report.splits["train"].stray_after_outside == 1  # as annotated
    assert read_splits(tmp_path / "out")["train"][0].labels == ["B-PER", "B-LOC", "O"]


def test_first_tokens_are_dropped_as_the_thesis_did_and_counted(raw: Path, tmp_path: Path) -> None:
    report = prepare(config(drop_first_token=True), raw, tmp_path / "out")
    assert report.first_tokens_dropped == {"train": 1, "dev": 0, "test": 1}
    train = read_splits(tmp_path / "out")["train"]
    assert [(post.tokens, post.labels) for post in train] == [
        (["Paris", "is"], ["I-LOC", "O"]),
        (["hi"], ["O"]),  # nothing would be left
    ]


def test_types_are_mapped_and_counted(raw: Path, tmp_path: Path) -> None:
    report = prepare(config(types=["NAME"], map={"PER": "NAME", "LOC": "NAME"}), raw, tmp_path / "out")
    assert report.mapped == {"PER": 3, "LOC": 1}
    assert read_splits(tmp_path / "out")["test"][0].labels == ["B-NAME", "I-NAME"]


@pytest.mark.parametrize("mend", [False, True])
def test_types_of_one_name_that_meet_stay_two_entities(mend: bool, tmp_path: Path) -> None:
    for split in SPLITS:
        (tmp_path / f"{split}.txt").write_text(f"IMGID:{split}\nAnn\tB-PER\nRome\tI-LOC\nnew\tO\nBo\tI-PER\n")
    settings = config(types=["NAME"], map={"PER": "NAME", "LOC": "NAME"}, repair=mend)
    report = prepare(settings, tmp_path, tmp_path / "out")
    [post] = read_posts(tmp_path / "out" / "test.jsonl")
    assert post.labels == ["B-NAME", "B-NAME", "O", "B-NAME" if mend else "I-NAME"]
    found = report.splits["test"]
    assert (found.stray_after_outside, found.stray_after_other_type) == (1, 1)
    assert report.repaired == (6 if mend else 0) and found.entities == {"NAME": 3}


@pytest.mark.parametrize("lost", ["train", "test"])
def test_a_context_that_a_whole_split_lacks_is_refused(lost: str, tmp_path: Path, caplog) -> None:
    for split in SPLITS:
        row = {"id": f"{split}-1", "tokens": ["Ann"], "labels": ["B-PER"]}
        caption = {"caption": " " if split == lost else "a man"}
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(row | caption) + "\n")
        with (tmp_path / "ocr.jsonl").open("a") as file:
            file.write(json.dumps({"id": f"{split}-{2 if split == lost else 1}", "text": "x"}) + "\n")
    settings = config(format="jsonl", splits={split: f"{split}.jsonl" for split in SPLITS})
    prepare(settings, tmp_path, tmp_path / "out")
    assert f"not one post of the split {lost} has the context 'caption'" in caplog.text
    settings = replace(settings, contexts={"ocr": ContextFiles(["ocr.jsonl"], "jsonl")})
    with pytest.raises(UserError, match=f"split {lost} has the context 'ocr'.* by ids, such as '{lost}-1'"):
        prepare(settings, tmp_path, tmp_path / "out")


def test_types_that_are_left_to_the_files_are_found_and_counted(raw: Path, tmp_path: Path) -> None:
    report = prepare(config(types="auto"), raw, tmp_path / "out")
    assert report.splits["train"].entities == {"LOC": 1, "PER": 1}


def test_a_label_outside_the_types_names_file_post_and_nearest(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"train.txt: post '1', token 1: the label 'I-PER' .*'PERS'"):
        prepare(config(types=["PERS", "LOC"]), raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_id_in_two_splits_is_refused(raw: Path, tmp_path: Path) -> None:
    (raw / "dev.txt").write_text("IMGID:1\nhi\tO\n")
    with pytest.raises(UserError, match=r"dev.txt: post '1' stands in .*train.txt"):
        prepare(config(), raw, tmp_path / "out")


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("conll", "{}\tO\n"),
        ("conllu", "{}\t{}\t_\t_\t_\t_\t_\t_\t_\tNER=O\n"),
        ("hipe", "{}\tO\tEndOfSentence\n"),
    ],
)
def test_split_folders_may_have_files_of_one_name(form: str, row: str, tmp_path: Path) -> None:
    lengths = {
        "train": (1, 2, 3, 4),
        "dev": (5, 4),
        "test": (6,),
    }  # train and dev each begin a post on line 1
    names: dict[str, list[str]] = {}
    for split, sentences in lengths.items():
        (tmp_path / split).mkdir()
        names[split] = [f"{split}/data.{form}"]
        head = "TOKEN\tNE-COARSE-LIT\tMISC\n" if form == "hipe" else ""
        text = "\n".join(
            "".join(row.replace("{}", str(n)) for n in range(1, 1 + length)) for length in sentences
        )
        (tmp_path / names[split][0]).write_text(f"{head}{text}", encoding="utf-8")
    columns = {"columns": Columns(token="FORM", tag="NER")} if form == "conllu" else {}
    prepare(PrepareConfig(form, ["PER"], names, **columns), tmp_path, tmp_path / "out")
    firsts = [posts[0].id for posts in read_splits(tmp_path / "out").values()]
    assert firsts == [f"{split}-data-{1 + (form == 'hipe')}" for split in SPLITS]


def test_missing_splits_are_drawn_by_seed_and_whole_groups(tmp_path: Path) -> None:
    posts = [{"id": i, "tokens": [f"t{i}"], "labels": ["O"], "group": i // 5} for i in range(100)]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(post) + "\n" for post in posts))

    def draw(seed: int, out: str) -> dict[str, list[str]]:
        settings = config(format="jsonl", splits={"train": "all.jsonl"}, seed=seed)
        report = prepare(settings, tmp_path, tmp_path / out)
        assert report.drawn_splits == ["dev", "test"] and report.straddling_groups == []
        return {split: [post.id for post in posts] for split, posts in read_splits(tmp_path / out).items()}

    first = draw(0, "a")
    assert {split: len(ids) for split, ids in first.items()} == {"train": 80, "dev": 10, "test": 10}
    assert sorted((i for ids in first.values() for i in ids), key=int) == [str(i) for i in range(100)]
    assert first == draw(0, "b") and first != draw(1, "c")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sizes", [[100, 1, 1], [60, 2, 2, 2, 2], [90, 5, 5, 5], [100, 10, 10, 10, 10]])
def test_large_groups_are_not_drawn(sizes: list[int], seed: int, tmp_path: Path) -> None:
    groups = [group for group, size in enumerate(sizes) for _ in range(size)]
    posts = [{"id": i, "tokens": ["a"], "labels": ["O"], "group": group} for i, group in enumerate(groups)]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(post) + "\n" for post in posts))
    report = prepare(
        config(format="jsonl", splits={"train": "all.jsonl"}, seed=seed), tmp_path, tmp_path / "out"
    )
    assert report.splits["train"].posts >= sizes[0] and report.splits["dev"].posts < 15


def test_too_few_groups_to_draw_from_are_an_error(tmp_path: Path) -> None:
    posts = [{"id": i, "tokens": ["a"], "labels": ["O"], "group": i % 2} for i in range(10)]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(post) + "\n" for post in posts))
    with pytest.raises(UserError, match=r"too few posts or groups in train \(2\) to draw dev and test from"):
        prepare(config(format="jsonl", splits={"train": "all.jsonl"}), tmp_path, tmp_path / "out")


def test_a_test_file_is_kept_when_only_dev_is_drawn(raw: Path, tmp_path: Path) -> None:
    settings = config(splits={"train": "train.txt", "test": "test.txt"}, dev_fraction=0.5)
    report = prepare(settings, raw, tmp_path / "out")
    assert report.drawn_splits == ["dev"]
    assert {split: found.posts for split, found in report.splits.items()} == {"train": 1, "dev": 1, "test": 1}


def test_groups_that_straddle_given_splits_are_reported(tmp_path: Path) -> None:
    for number, split in enumerate(SPLITS):
        post = {"id": number, "tokens": [split], "labels": ["O"], "group": "page" if number < 2 else "other"}
        (tmp_path / f"{split}.txt").write_text(json.dumps(post))
    report = prepare(config(format="jsonl"), tmp_path, tmp_path / "out")
    assert report.straddling_groups == [{"value": "page", "ids": {"train": ["0"], "dev": ["1"]}}]


@pytest.mark.parametrize(
    ("form", "files"),
    [
        ("brat", {".txt": "Ann {split}", ".ann": "T1\tPER 0 3\tAnn\n"}),
        ("webanno", {".tsv": "#FORMAT=WebAnno TSV 3.3\n#T_SP=x|y\n\n1-1\t0-3\t{split}\tPER\n"}),
    ],
)
def test_documents_of_one_name_in_several_folders_are_several_groups(
    form: str, files: dict[str, str], tmp_path: Path
) -> None:
    for split in SPLITS:
        (tmp_path / split).mkdir()
        for suffix, text in files.items():
            (tmp_path / split / f"1{suffix}").write_text(text.replace("{split}", split), encoding="utf-8")
    names: dict[str, list[str]] = {split: [f"{split}/1{[*files][-1]}"] for split in SPLITS}
    report = prepare(PrepareConfig(form, ["PER"], names), tmp_path, tmp_path / "out")
    assert report.straddling_groups == []
    splits = read_splits(tmp_path / "out").items()
    assert [post.group for _, posts in splits for post in posts] == [f"{split}/1" for split, _ in splits]


def test_same_input_same_bytes_and_a_failure_leaves_the_old_files(raw: Path, tmp_path: Path) -> None:
    def content() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    prepare(config(), raw, tmp_path / "out")
    first = content()
    assert sorted(first) == ["dev.jsonl", "report.json", "test.jsonl", "train.jsonl"]
    prepare(config(), raw, tmp_path / "out")
    assert content() == first
    (raw / "test.txt").write_text("IMGID:4\nBob\n")
    with pytest.raises(UserError):
        prepare(config(), raw, tmp_path / "out")
    assert content() == first


@needs_data
def test_twitter2015_as_a_whole(tmp_path: Path) -> None:
    settings = config(
        types=["PER", "LOC", "ORG", "MISC"],
        map={"OTHER": "MISC"},
        splits={"train": "train.txt", "dev": "valid.txt", "test": "test.txt"},
        language="en",
        contexts={"caption": ContextFiles(["captions/BLIP2_15.txt"], "txt")},
    )
    for name in ("twitter2015/train.txt", "twitter2015/valid.txt", "twitter2015/test.txt", "captions"):
        (tmp_path / Path(name).name).symlink_to(DATA / name)
    report = prepare(settings, tmp_path, tmp_path / "out")
    assert [sum(split.entities.values()) for split in report.splits.values()] == [6352, 1594, 5207]
    assert [split.stray_after_outside for split in report.splits.values()] == [175, 52, 129]
    assert sum(split.stray_after_other_type for split in report.splits.values()) == 18
    assert sum({"train", "test"} <= set(text["ids"]) for text in report.repeated_texts) == 4
    caption = report.contexts["caption"]
    assert caption.posts == {"train": 3999, "dev": 999, "test": 3257}
    assert sum(map(len, caption.lacking.values())) == 0 and len(caption.surplus) == 31
    record = TrainingRecord.read(PUBLISHED / "twitter2015/none/minilm+none/text_only/seed1" / RECORD, "")
    for name, checksum in record.data_sha256.items():  # as when captions were the only contexts
        assert sha256(tmp_path / "out" / Path(name).name) == checksum
