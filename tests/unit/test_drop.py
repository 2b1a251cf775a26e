"""The image policy ``drop``: training goes without posts that lost all their images, dev never does."""

from pathlib import Path

import pytest
import yaml
from PIL import Image
from records import ABOUT

from mnerflow.config import RunConfig, build
from mnerflow.data.image_store import build_store
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.training.images import open_images
from mnerflow.training.run import train_run

RUN = {
    "entity_types": ["PER"],
    "seed": 1,
    "fusion": {"kind": "linear"},
    "text_encoder": {"kind": "bilstm"},
    "image_encoder": {"kind": "cnn", "size": 32, "options": {"channels": [4, 4, 4, 4, 4]}},
    "training": {"epochs": 1, "batch_tokens": 16},
}
IMAGES = {"none": [], "sound": ["a.png"], "half": ["a.png", "gone.png"], "lost": ["gone.png", "b.png"]}


def posts(*names: str) -> list[Post]:
    return [Post(name, ["Ann", "sings"], ["B-PER", "O"], images=IMAGES[name]) for name in names]


def train(folder: Path, policy: str, train_posts: list[Post]) -> dict:
    (folder / "images").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "images/a.png")
    build_store(["a.png", "gone.png", "b.png"], folder / "images", folder / "store", 32, policy)
    write_posts(folder / "train.jsonl", train_posts)
    write_posts(folder / "dev.jsonl", posts("lost"))
    images = open_images(str(folder / "store/images.npy"), None)
    run = build(RunConfig, RUN, "run")
    train_run(run, folder / "train.jsonl", folder / "dev.jsonl", images, folder / "run", ABOUT)
    return yaml.safe_load((folder / "run/run.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("policy", "left_out"), [("drop", ["lost"]), ("blank", [])])
def test_posts_without_any_usable_image_are_left_out_of_training(tmp_path, policy, left_out):
    record = train(tmp_path, policy, posts(*IMAGES))
    assert record["posts_left_out"] == left_out
    assert record["training_posts"] == len(IMAGES) - len(left_out)


def test_nothing_left_to_train_on_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"train\.jsonl: no training post has a usable image \(1 post\)"):
        train(tmp_path, "drop", posts("lost"))
    assert not (tmp_path / "run").exists()
