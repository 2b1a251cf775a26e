"""Posts that are not held in memory: they come back as they were, and their number costs next to nothing."""

import json
import tracemalloc
from pathlib import Path

import pytest
from PIL import Image

from mnerflow.data.check import check_data
from mnerflow.data.config import PrepareConfig
from mnerflow.data.post import Post
from mnerflow.data.post_store import Places, PostStore
from mnerflow.data.prepare import prepare
from mnerflow.errors import UserError

POSTS = [
    Post("1", ["Ann", "\u2028"], ["B-PER", "O"], ["a.png"], {"caption": "é"}, "en", "page", [1], ["ann", ""]),
    Post("2", [], []),
]


def test_posts_come_back_as_they_were_also_to_two_readers_at_once() -> None:
    store = PostStore(POSTS)
    assert [(one, other) for one in store for other in store] == [(a, b) for a in POSTS for b in POSTS]
    assert len(store) == 2 and not PostStore()
    store.add(POSTS[1], line=7)
    store.begin_ids("train-")
    assert [line for line, _ in store.numbered()] == [0, 0, 7]
    assert [*store.ids()] == [post.id for post in store] == ["train-1", "train-2", "train-2"]


def test_a_name_is_met_first_at_one_place() -> None:
    places = Places()
    undecodable = b"\xff.png".decode(errors="surrogateescape")
    assert [places.add(*met) for met in (("a", 3), ("b", undecodable), ("a", 4), ("b", 5))] == [
        *(None, None),
        *(3, undecodable),
    ]
    assert [*places] == [("a", 3, 2), ("b", undecodable, 2)]
    assert "a" in places and undecodable not in places


def test_a_full_disk_is_told() -> None:
    store = PostStore()
    store._do("PRAGMA max_page_count = 9")
    with pytest.raises(
        UserError, match=r"could not be written \(database or disk is full\). Free some space"
    ):
        for number in range(2000):
            store.add(Post(str(number), ["word"] * 16, ["O"] * 16))


def check(folder: Path) -> None:
    check_data(folder)


def preparing(folder: Path) -> None:
    files = {split: f"{split}.jsonl" for split in ("train", "dev", "test")}
    prepare(PrepareConfig("jsonl", ["PER"], files), folder, folder / "out")


def drawing(folder: Path) -> None:
    prepare(PrepareConfig("jsonl", ["PER"], {"train": "train.jsonl"}), folder, folder / "out")


@pytest.mark.parametrize("work", [check, preparing, drawing])
def test_memory_hardly_grows_with_posts(work, tmp_path: Path) -> None:
    """It took 1.5 kB a post when posts were held."""
    peaks = {}
    for number in (50, 50, 450):  # the first time loads what is loaded once
        folder = tmp_path / str(number)
        (folder / "images").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(folder / "images/a.png")
        for split in ("train", "dev", "test"):
            posts = (
                {
                    "id": f"{split}{post}",
                    "tokens": [f"{split}{post}", *["word"] * 15],
                    "labels": ["B-PER", *["O"] * 15],
                    "images": ["a.png"],
                }
                for post in range(number)
            )
            text = "".join(json.dumps(post) + "\n" for post in posts)
            (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
        tracemalloc.start()
        work(folder)
        peaks[number] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[450] - peaks[50] < 3 * 400 * 100
