"""Losses that weigh rare tags and hard words, by hand."""

import math

import pytest
import torch

from mnerflow.config import PartConfig, RunConfig, TrainingConfig
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.decoders import class_weights
from mnerflow.models.decoders.softmax import Softmax
from mnerflow.models.tagger import load_tagger, new_tagger

TAGS = ["O", "B-PER", "I-PER"]
POSTS = [Post("1", list("abcd"), ["O", "O", "B-PER", "O"]), Post("2", ["e", "f"], ["O", "B-PER"])]
# The probabilities of the tags are 1/2, 1/4, 1/4 for the first word and 1/8, 3/4, 1/8 for the second.
EMISSIONS = torch.tensor([[[2.0, 1.0, 1.0], [1.0, 6.0, 1.0]]]).log()
LABELS, MASK = torch.tensor([[0, 1]]), torch.ones(1, 2).bool()


def test_class_weights_share_the_loss_among_tags() -> None:
    # Four words O, two B-PER; I-PER, which nobody has, weighs as the rarest. The mean word weighs 1.
    torch.testing.assert_close(class_weights(POSTS, TAGS, 1.0), torch.tensor([0.75, 1.5, 1.5]))
    torch.testing.assert_close(class_weights(POSTS, TAGS, 0.0), torch.ones(3))


def test_the_weighted_loss() -> None:
    decoder = Softmax(TAGS, torch.tensor([0.75, 1.5, 1.5]))
    expected = (0.75 * math.log(2) + 1.5 * math.log(4 / 3)) / 2
    assert decoder.loss(EMISSIONS, LABELS, MASK).item() == pytest.approx(expected, rel=1e-6)


def test_the_focal_loss() -> None:
    expected = ((1 / 2) ** 2 * math.log(2) + (1 / 4) ** 2 * math.log(4 / 3)) / 2
    assert Softmax(TAGS, focal=2.0).loss(EMISSIONS, LABELS, MASK).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("focal", [0.5, 1.0, 2.0])
def test_the_focal_loss_of_a_word_predicted_for_sure_has_a_gradient(focal: float) -> None:
    emissions = torch.tensor([[[90.0, 0.0, 0.0], [0.0, 1.0, 0.0]]], requires_grad=True)
    Softmax(TAGS, focal=focal).loss(emissions, LABELS, MASK).backward()
    assert torch.isfinite(emissions.grad).all()


def run(**training: float) -> RunConfig:
    encoder, settings = PartConfig("bilstm", {"min_count": 1}), TrainingConfig(**training)
    return RunConfig(("PER",), 1, PartConfig("text_only"), encoder, training=settings)


def test_weights_are_saved_with_the_model(tmp_path) -> None:
    tagger = new_tagger(run(class_weights=1.0), POSTS, 0)
    tagger.save(tmp_path / "model.safetensors")
    again = load_tagger(run(class_weights=1.0), tmp_path / "model.safetensors", 0)
    assert again.decoder.class_weights.tolist() == [0.75, 1.5, 1.5]


def test_a_crf_says_that_it_cannot() -> None:
    from dataclasses import replace

    for settings in ({"class_weights": 1.0}, {"focal": 2.0}):
        with pytest.raises(UserError, match="cannot weigh single words; choose softmax"):
            new_tagger(replace(run(**settings), decoder="crf"), POSTS, 0)
