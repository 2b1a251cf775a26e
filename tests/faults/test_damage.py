"""Damaged files are found by their checksums and said in words; weights that would run code are not run."""

import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy
import pytest
import torch
from tiny_run import CNN, FROZEN
from victims import RUN, AtCheckpoint, ended, killed, outcome, train

from mnerflow.config import PartConfig
from mnerflow.data.image_store import build_store
from mnerflow.errors import UserError
from mnerflow.files.checksums import seal
from mnerflow.models.tagger import load_tagger, new_tagger
from mnerflow.training import checkpoint
from mnerflow.training.features import compute_features
from mnerflow.training.images import open_images


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    """One bit is another, somewhere."""
    data = bytearray(path.read_bytes())
    place = Random(6).randrange(len(data))
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [truncated, emptied, flipped])
def test_the_checkpoint_before_a_damaged_one_is_used(
    damage: Callable, data: Path, tmp_path: Path, caplog
) -> None:
    train(RUN, data, tmp_path / "undisturbed")
    run = tmp_path / "run"
    assert ended(train, RUN, data, run, fault=AtCheckpoint(7, killed)) < 0
    assert {file.name for file in run.iterdir()} == {"checkpoint.pt", "checkpoint.before.pt"}
    damage(run / "checkpoint.pt")
    with caplog.at_level("INFO", "mnerflow"):
        train(RUN, data, run)
    assert "checkpoint.pt: damaged checkpoint (its checksum is another); it is passed over" in caplog.text
    assert "continues from epoch 2, step 1" in caplog.text
    assert outcome(run) == outcome(tmp_path / "undisturbed")
    assert not list(run.glob("checkpoint*"))


def test_two_damaged_checkpoints_cost_time_but_no_result(data: Path, tmp_path: Path, caplog) -> None:
    train(RUN, data, tmp_path / "undisturbed")
    assert ended(train, RUN, data, tmp_path / "run", fault=AtCheckpoint(7, killed)) < 0
    for file in (tmp_path / "run").iterdir():
        flipped(file)
    train(RUN, data, tmp_path / "run")
    assert caplog.text.count("it is passed over") == 2
    assert outcome(tmp_path / "run") == outcome(tmp_path / "undisturbed")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (truncated, "damaged image features: their checksum is another"),
        (emptied, "damaged image features: their checksum is another"),
        (flipped, "damaged image features: their checksum is another"),
        (Path.unlink, "no image features can be read"),
    ],
)
def test_damaged_features_are_refused(damage: Callable, said: str, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "cnn.npy"
    compute_features(FROZEN, data / "store", file, threads=1)
    pixels = str(data / "store/images.npy")
    assert open_images(pixels, str(file)).values.shape == (5, 1, 6)
    assert numpy.load(file).shape == (5, 1, 6), "whoever opens the file with numpy sees the same"
    damage(file)
    with pytest.raises(UserError, match=f"cnn.npy: {said}.*Delete it and run again"):
        open_images(pixels, str(file))


def test_features_of_another_store_are_refused(data: Path, tmp_path: Path) -> None:
    build_store(["0.png"], data / "images", tmp_path / "store", 16)
    compute_features(FROZEN, tmp_path / "store", tmp_path / "cnn.npy", threads=1)
    with pytest.raises(UserError, match=r"cnn\.npy: features of 2 images, but the store has 5\. Delete"):
        open_images(str(data / "store/images.npy"), str(tmp_path / "cnn.npy"))


@pytest.mark.parametrize("damage", [truncated, emptied, Path.unlink])
def test_a_damaged_or_missing_model_is_refused(damage: Callable, tmp_path: Path) -> None:
    new_tagger(RUN, [], 0).save(tmp_path / "model.safetensors")
    damage(tmp_path / "model.safetensors")
    with pytest.raises(
        UserError, match=r"model\.safetensors: not a readable model .*Delete it and run again"
    ):
        load_tagger(RUN, tmp_path / "model.safetensors", 0)


# Weights that would run code.


class Bomb:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_the_bomb_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "gone off")))
    assert (tmp_path / "gone off").exists()


def test_a_checkpoint_runs_no_code(tmp_path: Path, caplog) -> None:
    file = tmp_path / "checkpoint.pt"
    torch.save({"identity": "", "tagger": Bomb(tmp_path / "gone off")}, file)
    seal(file)
    assert checkpoint.load_checkpoint(file, "") is None
    assert "damaged checkpoint" in caplog.text and not (tmp_path / "gone off").exists()


def test_a_model_runs_no_code(tmp_path: Path) -> None:
    torch.save({"fusion.head.weight": Bomb(tmp_path / "gone off")}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match="not a readable model"):
        load_tagger(RUN, tmp_path / "model.safetensors", 0)
    assert not (tmp_path / "gone off").exists()


def bert(folder: Path) -> Path:
    """A folder of weights as ``from_pretrained`` reads it."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ann"]))
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=6, max_position_embeddings=16, **sizes)).save_pretrained(folder)
    return folder


def pickled(folder: Path) -> None:
    """The weights are pickled ones."""
    (folder / "model.safetensors").unlink()
    torch.save({"embeddings": Bomb(folder / "gone off")}, folder / "pytorch_model.bin")


def with_code(folder: Path) -> None:
    """The model brings its own Python file."""
    (folder / "bomb.py").write_text(f"open({str(folder / 'gone off')!r}, 'w')\nclass Config: pass\n")
    text = (folder / "config.json").read_text()
    text = text.replace('"bert"', '"bomb"').replace("{", '{"auto_map": {"AutoConfig": "bomb.Config"},', 1)
    (folder / "config.json").write_text(text)


@pytest.mark.parametrize("arm", [pickled, with_code])
def test_a_folder_of_weights_runs_no_code(arm: Callable, tmp_path: Path) -> None:
    run = replace(RUN, text_encoder=PartConfig("transformer", weights=str(bert(tmp_path))))
    new_tagger(run, [], 0)
    arm(tmp_path)
    with pytest.raises(UserError, match="no transformers model and tokenizer can be read from this folder"):
        new_tagger(run, [], 0)
    assert not (tmp_path / "gone off").exists()


@pytest.mark.parametrize("damage", [truncated, emptied])
def test_damaged_weights_are_refused(damage: Callable, tmp_path: Path) -> None:
    run = replace(RUN, text_encoder=PartConfig("transformer", weights=str(bert(tmp_path))))
    damage(tmp_path / "model.safetensors")
    with pytest.raises(UserError, match="no transformers model and tokenizer can be read from this folder"):
        new_tagger(run, [], 0)


def test_a_frozen_encoder_runs_no_code(tmp_path: Path) -> None:
    torch.save({"head.weight": Bomb(tmp_path / "gone off")}, tmp_path / "model.safetensors")
    shutil.copy(tmp_path / "model.safetensors", tmp_path / "pytorch_model.bin")
    image = replace(CNN, kind="timm", options={"model": "resnet10t"}, weights=str(tmp_path))
    with pytest.raises(UserError, match="no weights can be read"):
        new_tagger(replace(RUN, image_encoder=image), [], 0)
    assert not (tmp_path / "gone off").exists()
