"""New texts are tagged by a trained run as its own test split was."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from records import ABOUT, write_record
from tiny_run import FROZEN, RUN

from mnerflow.cli import main
from mnerflow.config import PartConfig
from mnerflow.data.image_store import build_store
from mnerflow.data.post import Post, read_posts, write_posts
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import TESTED, read_tested, write_predictions
from mnerflow.files import read_json_lines, write_json_lines
from mnerflow.plan.names import Run
from mnerflow.tagging import load_predictor
from mnerflow.training.features import compute_features
from mnerflow.training.images import open_images
from mnerflow.training.predictor import Predictor
from mnerflow.training.run import train_run

POSTS = [
    Post(str(n), ["we", "met", name, "!"], ["O", "O", tag, "O"], [f"{n % 4}.png"])
    for n, (name, tag) in enumerate([("Ann", "B-PER"), ("rain", "O"), ("Bob", "B-PER"), ("cats", "O")] * 3)
]


@pytest.fixture(params=[False, True], ids=["trained", "frozen"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Of a run, its image encoder trained or frozen, with its predictions; ``images`` lie at its root."""
    (tmp_path / "images").mkdir()
    for number in range(4):
        Image.new("RGB", (16, 16), (60 * number, 100, 200)).save(tmp_path / "images" / f"{number}.png")
    for split in ("train", "dev", "test"):
        write_posts(tmp_path / f"{split}.jsonl", POSTS)
    build_store([f"{n}.png" for n in range(4)], tmp_path / "images", tmp_path / "store", 16)
    run, features = replace(RUN, training=replace(RUN.training, epochs=30, patience=30)), None
    if request.param:
        run = replace(run, image_encoder=FROZEN)
        features = str(tmp_path / "cnn.npy")
        compute_features(run.image_encoder, tmp_path / "store", Path(features), 1)
    images = open_images(str(tmp_path / "store/images.npy"), features)
    folder = tmp_path / "results/runs/x/none/bilstm+cnn/linear/seed1"
    train_run(run, tmp_path / "train.jsonl", tmp_path / "dev.jsonl", images, folder, ABOUT)
    predictions = Predictor(run, folder, images).predict(read_posts(tmp_path / "test.jsonl"))
    write_predictions(folder / "predictions.jsonl", {TESTED: predictions})
    return folder


def test_the_test_split_as_new_texts(folder: Path, tmp_path: Path):
    texts = [{"id": post.id, "tokens": post.tokens, "images": post.images} for post in POSTS]
    write_json_lines(tmp_path / "texts.jsonl", texts)
    assert main(["tag", str(folder), str(tmp_path / "texts.jsonl"), "--to", str(tmp_path / "tagged")]) == 0
    found = [line for _, line in read_json_lines(tmp_path / "tagged")]
    expected = read_tested(folder / "predictions.jsonl")
    assert [line["tags"] for line in found] == [prediction.predicted for prediction in expected]
    sure = [[entity.pop("confidence") for entity in line["entities"]] for line in found]
    assert sure == [prediction.entity_confidence for prediction in expected]
    assert found[0]["entities"] == [{"type": "PER", "start": 2, "end": 3, "text": "Ann"}]


def test_plain_text_and_an_image_that_is_missing(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "texts.txt").write_text("we met Ann !\n\nwe met\n", encoding="utf-8")
    assert main(["tag", str(folder), str(tmp_path / "texts.txt")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["id"], len(line["tags"])) for line in lines] == [("1", 4), ("3", 2)]
    write_json_lines(tmp_path / "texts.jsonl", [{"id": "a", "tokens": ["Ann"], "images": ["no.jpg"]}])
    assert main(["tag", str(folder), str(tmp_path / "texts.jsonl")]) == 0
    assert "no.jpg: missing; a blank image stands in" in capsys.readouterr().err
    texts = (tmp_path / "texts.jsonl").read_bytes()
    own = str(tmp_path / "texts.jsonl")
    assert main(["tag", str(folder), own, "--to", own]) == 1
    assert "would be lost" in capsys.readouterr().err and (tmp_path / "texts.jsonl").read_bytes() == texts


def test_posts_in_memory(tmp_path: Path):
    run = replace(RUN, image_encoder=None, fusion=PartConfig("text_only"))
    folder = tmp_path / "results/runs/x/none/bilstm+none/text_only/seed1"
    write_posts(tmp_path / "train.jsonl", POSTS)
    train_run(run, tmp_path / "train.jsonl", tmp_path / "train.jsonl", None, folder, ABOUT)
    found = load_predictor(folder).predict(POSTS)
    assert [prediction.tokens for prediction in found] == [post.tokens for post in POSTS]
    assert found == Predictor(run, folder).predict(POSTS)


def test_images_that_a_run_reads_are_asked_for(folder: Path):
    with pytest.raises(UserError, match="the run reads images"):
        load_predictor(folder)


@pytest.mark.parametrize(
    ("run", "text", "said"),
    [
        ("x/none/bilstm+cnn/linear/seed9", "", "seed9: no model.safetensors"),
        ("x/none/bilstm+cnn/linear/seed1", "", "texts.jsonl: not one post"),
        ("x/none/bilstm+cnn/linear/seed1", '{"id": "1"}', "texts.jsonl:1: the field 'tokens' is missing"),
        ("x/nonword/bilstm+cnn/linear/seed1", "", "trained with the filter 'nonword'"),
    ],
)
def test_what_cannot_be_tagged(run: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = tmp_path / "results/runs" / run
    if run.endswith("seed1"):
        config = {"entity_types": ["PER"], "seed": 1, "fusion": {"kind": "text_only"}}
        write_record(folder, Run.from_folder(run), config=config)
        (folder / "model.safetensors").touch()
    (tmp_path / "texts.jsonl").write_text(text, encoding="utf-8")
    assert main(["tag", str(folder), str(tmp_path / "texts.jsonl")]) == 1
    assert said in capsys.readouterr().err
