"""Starting from another run: what is carried over, and that nothing it is tested with was learnt before."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mnerflow.config import PartConfig, RunConfig, TrainingConfig
from mnerflow.data.overlap import check_leak, shared_posts
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.models.decoders import class_weights
from mnerflow.models.init_from import start_from
from mnerflow.models.tagger import new_tagger


def post(name: str, text: str, *images: str) -> Post:
    return Post(name, text.split(), ["O"] * len(text.split()), list(images))


CUT = post("1", "RT @ Ann : see # Rome http://t. co/x , now", "7.jpg")
WHOLE = post("a", "RT @Ann : see #Rome , now http://t.co/y", "7.jpg")
MENDED = post("2", "by Jorn Allan # photo", "8.jpg")
FOREIGN = post("b", "by Jørn Allan #photo http://t.co/z", "8.jpg")
OTHER = post("3", "something else", "8.jpg")


def test_posts_are_the_same_however_they_were_cut() -> None:
    assert shared_posts([CUT, MENDED, OTHER], [WHOLE, FOREIGN]) == [(CUT, WHOLE), (MENDED, FOREIGN)]
    assert shared_posts([post("4", "!"), post("5", "")], [post("c", "?"), post("d", "")]) == []


def test_a_leak_is_refused_or_listed(tmp_path: Path) -> None:
    write_posts(tmp_path / "train.jsonl", [CUT, OTHER])
    write_posts(tmp_path / "test.jsonl", [WHOLE, FOREIGN])
    files = [tmp_path / "train.jsonl"], [tmp_path / "test.jsonl"], tmp_path / "leak.csv"
    with pytest.raises(UserError, match=r"1 posts of .*test.jsonl also stand in .*train.jsonl, such as 'a'"):
        check_leak(*files, allowed=False)
    assert not (tmp_path / "leak.csv").exists()
    assert check_leak(*files, allowed=True) == 1
    assert (tmp_path / "leak.csv").read_text() == "split,id,id_learnt\ntest,a,1\n"


def test_encoders_are_carried_over_and_heads_by_tag() -> None:
    own = {
        "text_encoder.w": torch.zeros(2),
        "image_encoder.w": torch.zeros(2),
        "fusion.head.weight": torch.zeros(3, 2),
        "fusion.hidden": torch.zeros(4, 2),
        "decoder.transitions": torch.zeros(3, 3),
    }
    learnt = {
        "text_encoder.w": torch.ones(2),
        "fusion.head.weight": torch.tensor([[1.0, 1], [2, 2], [3, 3], [4, 4], [5, 5]]),
        "fusion.hidden": torch.ones(6, 2),
        "decoder.transitions": torch.arange(25.0).view(5, 5),
    }
    start_from(own, ["O", "B-LOC", "I-LOC"], learnt, ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
    assert own["text_encoder.w"].tolist() == [1, 1]
    assert own["image_encoder.w"].tolist() == [0, 0], "the other run had none"
    assert own["fusion.head.weight"].tolist() == [[1, 1], [4, 4], [5, 5]]
    assert own["fusion.hidden"].sum() == 0, "another size, so it stays new"
    assert own["decoder.transitions"].tolist() == [[0, 3, 4], [15, 18, 19], [20, 23, 24]]


def test_two_predictions_in_a_row_are_matched_by_tag() -> None:
    own = {"fusion.fuse.0.weight": torch.zeros(1, 6)}
    start_from(
        own, ["O", "B-X", "B-Y"], {"fusion.fuse.0.weight": torch.arange(6.0)[None]}, ["O", "B-Y", "B-X"]
    )
    assert own["fusion.fuse.0.weight"].tolist() == [[0, 2, 1, 3, 5, 4]]


def test_a_single_number_is_carried_over() -> None:
    own = {"fusion.gate": torch.tensor(0.0)}
    start_from(own, ["O"], {"fusion.gate": torch.tensor(2.0)}, ["O"])
    assert own["fusion.gate"] == 2


def test_class_weights_are_those_of_the_own_training_posts(tmp_path: Path) -> None:
    weighted = TrainingConfig(class_weights=1.0)
    encoder = PartConfig("bilstm", {"min_count": 1})
    first = RunConfig(("PER",), 1, PartConfig("text_only"), encoder, training=weighted)
    new_tagger(first, [post("1", "a b c Ann")], 0).save(tmp_path / "model.safetensors")
    own = [Post("2", ["Bob", "sings"], ["B-PER", "O"])]
    tagger = new_tagger(replace(first, init_from=str(tmp_path / "model.safetensors")), own, 0)
    assert torch.equal(tagger.decoder.class_weights, class_weights(own, tagger.decoder.tags, 1.0))


def test_a_tag_that_was_not_learnt_stays_new() -> None:
    own = {"fusion.head.bias": torch.full((3,), 9.0)}
    start_from(
        own, ["O", "B-GPE", "I-GPE"], {"fusion.head.bias": torch.tensor([1.0, 2, 3])}, ["O", "B-X", "I-X"]
    )
    assert own["fusion.head.bias"].tolist() == [1, 9, 9]


def test_a_bilstm_keeps_the_words_that_it_learnt(tmp_path: Path) -> None:
    encoder = PartConfig("bilstm", {"min_count": 1})
    first = RunConfig(("PER", "LOC"), 1, PartConfig("text_only"), encoder)
    learnt = new_tagger(first, [Post("1", ["Ann", "sings"], ["B-PER", "O"])], 0)
    learnt.save(tmp_path / "model.safetensors")
    second = replace(first, entity_types=("LOC",), init_from=str(tmp_path / "model.safetensors"))
    tagger = new_tagger(second, [Post("2", ["Rome"], ["B-LOC"])], 0)
    assert tagger.text_encoder.vocabulary == learnt.text_encoder.vocabulary
    assert torch.equal(tagger.text_encoder.word.weight, learnt.text_encoder.word.weight)
    assert torch.equal(tagger.fusion.head.weight, learnt.fusion.head.weight[[0, 3, 4]])


def test_another_encoder_is_a_clear_error(tmp_path: Path) -> None:
    posts = [Post("1", ["Ann"], ["B-PER"])]
    run = RunConfig(("PER",), 1, PartConfig("text_only"), PartConfig("bilstm", {"hidden": 8}))
    new_tagger(run, posts, 0).save(tmp_path / "model.safetensors")
    other = replace(run, text_encoder=PartConfig("bilstm", {"hidden": 6}))
    with pytest.raises(UserError, match="Start from a run with the same encoders"):
        new_tagger(replace(other, init_from=str(tmp_path / "model.safetensors")), posts, 0)
