"""What a training run keeps, when it stops, and what it can be given."""

import csv
from pathlib import Path

import pytest
import torch
import yaml

from mnerflow.config import LearningRates, PartConfig, RunConfig, TrainingConfig
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.models.tagger import load_tagger
from mnerflow.training import loop
from mnerflow.training.predict import predict
from mnerflow.training.run import train_run


def run(**training) -> RunConfig:
    options = {"d_word": 4, "d_character": 4, "hidden": 4, "min_count": 1}
    rates = LearningRates(text=0.01)
    return RunConfig(
        ("PER",),
        seed=1,
        fusion=PartConfig("text_only"),
        text_encoder=PartConfig("bilstm", options),
        training=TrainingConfig(batch_tokens=8, learning_rate=rates, **training),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with posts to train on, of which a filter left no word in one."""
    posts = [Post(str(n), ["met", f"Ann{n}"], ["O", "B-PER"]) for n in range(8)]
    hidden = Post("hidden", [":-)"], ["O"], dropped=[0])
    write_posts(tmp_path / "train.jsonl", [*posts, hidden])
    write_posts(tmp_path / "dev.jsonl", [*posts, hidden])
    return tmp_path


def train(run: RunConfig, folder: Path) -> list[dict[str, str]]:
    train_run(run, folder / "train.jsonl", folder / "dev.jsonl", None, folder / "run", {})
    with (folder / "run" / "history.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_best_epoch_is_saved_and_patience_ends_training(folder: Path, monkeypatch) -> None:
    weights = []

    def scripted(tagger, *arguments):
        """Predict, and see to it that epoch 2 is the best."""
        predictions, loss = predict(tagger, *arguments)
        for prediction in predictions:
            prediction.predicted = list(prediction.labels)
        if len(weights) != 1:
            predictions[0].predicted = ["O", "O"]
        weights.append({name: weight.clone() for name, weight in tagger.state_dict().items()})
        return predictions, loss

    monkeypatch.setattr(loop, "predict", scripted)
    history = train(run(epochs=9, patience=2), folder)
    assert [row["epoch"] for row in history] == ["1", "2", "3", "4"]
    assert yaml.safe_load((folder / "run" / "run.yaml").read_text())["best_epoch"] == 2
    saved = load_tagger(run(), folder / "run" / "model.safetensors", 0).state_dict()
    assert all(torch.equal(saved[name], weight) for name, weight in weights[1].items())
    assert not all(torch.equal(saved[name], weight) for name, weight in weights[3].items())


def test_a_post_without_a_word_is_left_out_of_training_and_listed(folder: Path) -> None:
    history = train(run(epochs=1), folder)
    assert float(history[0]["train_loss"]) > 0
    record = yaml.safe_load((folder / "run" / "run.yaml").read_text())
    assert (record["training_posts"], record["posts_left_out"]) == (8, ["hidden"])


def test_nothing_to_train_on_is_a_clear_error(folder: Path) -> None:
    write_posts(folder / "train.jsonl", [Post("hidden", [":-)"], ["O"], dropped=[0])])
    with pytest.raises(UserError, match="no training post has a word left"):
        train(run(epochs=1), folder)
