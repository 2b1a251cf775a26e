"""Losses that weigh rare tags and hard words, by hand."""

import math

import pytest
import torch

from mnerflow.config import PartConfig, RunConfig
from mnerflow.data.post import Post
from mnerflow.models.decoders.softmax import Softmax, class_weights
from mnerflow.models.tagger import load_tagger, new_tagger

TAGS = ["O", "B-PER", "I-PER"]
POSTS = [
    Post("1", list("abcdx"), ["O", "O", "B-PER", "O", "I-PER"], dropped=[4]),
    Post("2", ["e", "f"], ["O", "B-PER"]),
]
SEEN = [["O", "O", "B-PER", "O"], ["O", "B-PER"]]  # the words that no filter dropped
# The probabilities of the tags are 1/2, 1/4, 1/4 for the first word and 1/8, 3/4, 1/8 for the second.
EMISSIONS = torch.tensor([[[2.0, 1.0, 1.0], [1.0, 6.0, 1.0]]]).log()
LABELS, MASK = torch.tensor([[0, 1]]), torch.ones(1, 2).bool()


def test_class_weights_share_the_loss_among_tags() -> None:
    # Four words O, two B-PER; I-PER, which nobody has, weighs as the rarest. The mean word weighs 1.
    torch.testing.assert_close(class_weights(SEEN, TAGS, 1.0), torch.tensor([0.75, 1.5, 1.5]))
    torch.testing.assert_close(class_weights(SEEN, TAGS, 0.0), torch.ones(3))


def test_the_weighted_loss() -> None:
    decoder = Softmax(1, TAGS, class_weights=1.0)
    decoder.collect_label_statistics(SEEN)
    expected = (0.75 * math.log(2) + 1.5 * math.log(4 / 3)) / 2
    assert decoder.loss(EMISSIONS, LABELS, MASK).item() == pytest.approx(expected, rel=1e-6)


def test_the_focal_loss() -> None:
    expected = ((1 / 2) ** 2 * math.log(2) + (1 / 4) ** 2 * math.log(4 / 3)) / 2
    assert Softmax(1, TAGS, focal=2.0).loss(EMISSIONS, LABELS, MASK).item() == pytest.approx(
        expected, rel=1e-6
    )


@pytest.mark.parametrize("focal", [0.5, 1.0, 2.0])
def test_the_focal_loss_of_a_word_predicted_for_sure_has_a_gradient(focal: float) -> None:
    emissions = torch.tensor([[[90.0, 0.0, 0.0], [0.0, 1.0, 0.0]]], requires_grad=True)
    Softmax(1, TAGS, focal=focal).loss(emissions, LABELS, MASK).backward()
    assert torch.isfinite(emissions.grad).all()


def test_weights_are_counted_in_the_training_posts_and_saved_with_the_model(tmp_path) -> None:
    encoder, weighted = PartConfig("bilstm", {"min_count": 1}), PartConfig("softmax", {"class_weights": 1.0})
    run = RunConfig(("PER",), 1, PartConfig("text_only"), encoder, decoder=weighted)
    tagger = new_tagger(run, POSTS, 0)
    tagger.save(tmp_path / "model.safetensors")
    again = load_tagger(run, tmp_path / "model.safetensors", 0)
    assert again.decoder.class_weights.tolist() == [0.75, 1.5, 1.5]
