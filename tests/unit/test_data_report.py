"""The data report: facts worked out by hand, and a page that holds what there is to know."""

import json
from pathlib import Path

import pytest

from mnerflow.data.config import ContextFiles, PrepareConfig
from mnerflow.data.facts import Lengths, Overlap, disagreements, lengths, overlap, tag_counts
from mnerflow.data.filters import run_filter
from mnerflow.data.image_store import build_store
from mnerflow.data.post import SPLITS, Post, write_posts
from mnerflow.data.prepare import prepare
from mnerflow.files.json_text import write_json_lines
from mnerflow.reporting.data_report import write_data_report


def post(id: str, text: str, tags: str, *images: str) -> Post:
    return Post(id, text.split(), tags.split(), images=list(images))


def test_lengths():
    texts = [["a"] * n for n in range(1, 21)]
    assert lengths(texts) == Lengths(10.5, 19, 20)
    assert lengths(texts[:1]) == Lengths(1, 1, 1)


def test_overlap_with_training():
    train = [post("1", "Ann saw Cham", "B-PER O B-LOC"), post("2", "Cham", "B-ORG")]
    test = [post("3", "Ann saw saw Cham Bob", "B-LOC O O B-ORG B-PER")]
    # tokens: Ann, saw, saw, Cham of five; words: three of four; Cham as ORG, Ann never as LOC, Bob never
    assert overlap(train, test) == Overlap(3 / 4, 4 / 5, 1 / 3, 1 / 3)
    assert overlap(train, [post("4", "", "")]) == Overlap(0, 0, 0, 0)


def test_minority_labels_of_frequent_mentions():
    posts = [post(f"a{n}", "New Delhi", "B-LOC I-LOC") for n in range(4)]
    posts += [post("b", "New Delhi", "B-ORG I-ORG")]  # 4 of 5 agree
    posts += [post(f"c{n}", "Delhi", "B-LOC") for n in range(3)] + [post("d", "Delhi", "B-ORG")]  # too rare
    posts += [
        post(f"e{n}", "Jordan", f"B-{kind}") for n, kind in enumerate(["PER"] * 3 + ["LOC"] * 2)
    ]  # no majority
    found = disagreements(posts)
    assert [(one.mention, one.types, one.minority_ids) for one in found] == [
        ("New Delhi", {"LOC": 4, "ORG": 1}, ["b"])
    ]
    assert tag_counts(posts)["I-LOC"] == 4


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A set with a text in two splits, a stray tag, a renamed type and an image that is missing."""
    raw = tmp_path / "raw"
    splits = {
        "train": [post("1", "Ann saw 7", "B-PERS O O", "a.png"), post("2", "Bob", "I-PERS")],
        "dev": [post("3", "Ann saw 7", "B-PERS O O")],
        "test": [post("4", "no | pipe", "O O O", "b.png")],
    }
    for split in SPLITS:
        write_posts(raw / f"{split}.jsonl", splits[split])
    files = {split: f"{split}.jsonl" for split in SPLITS}
    prepare(PrepareConfig("jsonl", ["PER"], files, map={"PERS": "PER"}), raw, tmp_path / "none")
    return tmp_path / "none"


def report(prepared: Path, **others) -> str:
    out = prepared.parent / "reports/mine.md"
    write_data_report(
        out, {"title": "Mine", "licence": "CC0", "type_names": {"PER": "person"}}, prepared, **others
    )
    for plot in ("lengths", "entity_types"):
        assert {file.suffix for file in out.parent.glob(f"mine.{plot}.*")} == {".png", ".svg"}
    return " ".join(out.read_text(encoding="utf-8").replace("|", " ").split())


def test_the_page_says_who_has_contexts_and_how_long_they_are(prepared: Path):
    raw = prepared.parent / "raw"
    texts = {"1": "EXIT", "2": "", "3": "a", "4": "b c", "9": "x"}
    write_json_lines(raw / "ocr.jsonl", ({"id": key, "text": text} for key, text in texts.items()))
    (raw / "notes.txt").write_text("a.png :one two\nb.png :one two three\nc.png :one\n")
    write_posts(raw / "dev.jsonl", [post("3", "Ann saw 7", "B-PERS O O", "c.png")])
    settings = PrepareConfig(
        "jsonl",
        ["PER"],
        {split: f"{split}.jsonl" for split in SPLITS},
        map={"PERS": "PER"},
        contexts={"ocr": ContextFiles(["ocr.jsonl"], "jsonl"), "notes": ContextFiles(["notes.txt"], "txt")},
    )
    prepare(settings, raw, prepared)
    text = report(prepared)
    for part in (
        "ocr train 1 (50.0 %) 0 (0.0 %) 1 (50.0 %) 1 1 1",
        "ocr test 1 (100.0 %) 0 (0.0 %) 0 (0.0 %) 2 2 2",
        "notes test 1 (100.0 %) 0 (0.0 %) 0 (0.0 %) 3 3 3",
        "- Texts of the context ocr that belong to no post: 1.",
    ):
        assert part in text, part


def test_the_page_says_what_is_in_the_set(prepared: Path):
    text = report(prepared)
    for part in (
        "# Mine Licence: CC0",
        "posts 2 1 1",
        "of type person 2 1 0",
        "posts without entities 0 (0.0 %) 0 (0.0 %) 1 (100.0 %)",
        "stray I- after O 1 0 0",
        "B-person 1 (25.0 %) 1 (33.3 %) 0 (0.0 %)",
        "dev 100.0 % 100.0 % 100.0 % 0.0 %",
        "- Tags renamed: PERS, 3 tokens.",
        "- Texts in several splits: 1,",
        "`Ann saw 7` train 1; dev 3",
        "2 images; 0 posts have several. No run of this configuration reads them",
    ):
        assert part in text, part
    assert "## Contexts" not in text
    assert "## Filters" not in text and "on their pages" not in text


def test_images_and_filters_are_reported_where_they_were_run(prepared: Path):
    (prepared.parent / "images").mkdir()
    (prepared.parent / "images/b.png").write_bytes(b"")
    store = prepared.parent / "store"
    build_store(["a.png", "b.png", "of-another-set.png"], prepared.parent / "images", store, 16)
    run_filter("nonword", {}, prepared, prepared.parent / "nonword")
    text = report(prepared, index=store / "index.csv", filters=[prepared.parent / "nonword/summary.json"])
    assert "Unusable: 2 (100.0 %) (missing 1, empty 1)." in text
    assert "`b.png` empty blank test 4" in text
    assert "`nonword`: what the model sees" in text
    assert "train 2 → 2 4 → 3 2 → 2 digits 1" in text


def test_an_image_without_its_end_mark_is_no_unusable_one(prepared: Path):
    index = prepared.parent / "index.csv"
    index.write_text("image,row,status,reason\na.png,1,ok,no end mark\nb.png,0,blank,missing\n")
    text = report(prepared, index=index)
    assert "Unusable: 1 (50.0 %) (missing 1)." in text
    assert "Read, though the end mark of the JPEG is missing: 1 (50.0 %)." in text
    assert "`a.png` no end mark ok train 1" in text


def test_placement_is_reported_for_poner(prepared: Path):
    leak = {
        "pages": 4,
        "pages in several splits": 3,
        "test sentences": 10,
        "test sentences of a page with training sentences": 9,
    }
    counts = {"all": 10, "placed": 7, "ambiguous": 1, "no scan": 2, "not found": 0}
    file = prepared.parent / "placement.json"
    file.write_text(
        json.dumps(
            {
                "sentences": {"test": counts},
                "leak of the published split": leak,
                "leak of this split": leak | {"pages in several splits": 0},
                "pages without scan": ["p"],
                "images": {"crops": 5},
            }
        )
    )
    text = report(prepared, placement=file)
    assert "test 10 7 1 2 0" in text
    assert "Leak of the published split: 3 of 4 pages in several splits; 9 (90.0 %) of the test" in text
    assert "Leak of this split: 0 of 4 pages in several splits" in text and "(mine.crops.png)" in text
