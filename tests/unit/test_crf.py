"""The CRF against brute force over all tag sequences."""

from itertools import pairwise, product

import pytest
import torch

from mnerflow.data.tags import tag_list
from mnerflow.models.decoders.crf import CRF

TAGS = tag_list(["PER", "LOC"])


def legal(sequence: tuple[int, ...]) -> bool:
    before = "O"
    for index in sequence:
        tag = TAGS[index]
        if tag.startswith("I-") and before[2:] != tag[2:]:
            return False
        before = tag
    return True


def brute_force(crf: CRF, emissions: torch.Tensor) -> dict[tuple[int, ...], float]:
    """Score of every legal sequence of one sentence ``(words, tags)``."""
    scores = {}
    for sequence in filter(legal, product(range(len(TAGS)), repeat=len(emissions))):
        score = crf.first[sequence[0]] + crf.last[sequence[-1]]
        score = score + sum(emissions[word, tag] for word, tag in enumerate(sequence))
        score = score + sum(crf.transitions[a, b] for a, b in pairwise(sequence))
        scores[sequence] = float(score.detach())
    return scores


@pytest.fixture
def crf() -> CRF:
    torch.manual_seed(0)
    crf = CRF(TAGS)
    for weight in crf.parameters():
        torch.nn.init.normal_(weight)
    return crf


def test_loss_and_best_path_equal_brute_force_whatever_the_padding(crf: CRF) -> None:
    emissions = torch.randn(2, 4, len(TAGS))
    lengths = [4, 3]
    mask = torch.arange(4) < torch.tensor(lengths).unsqueeze(1)
    labels = torch.tensor([[1, 2, 0, 3], [0, 3, 4, 0]])
    expected, best = 0.0, []
    for row, length in enumerate(lengths):
        scores = brute_force(crf, emissions[row, :length])
        gold = scores[tuple(labels[row, :length].tolist())]
        expected += float(torch.logsumexp(torch.tensor(list(scores.values())), 0)) - gold
        best.append(max(scores, key=scores.get))
    with torch.no_grad():
        assert float(crf.loss(emissions, labels, mask)) == pytest.approx(expected / 7, abs=1e-5)
        paths = crf.decode(emissions, mask).tolist()
    assert [tuple(path[:length]) for path, length in zip(paths, lengths, strict=True)] == best


def test_never_predicts_what_iob2_forbids_however_strong_the_emission(crf: CRF) -> None:
    emissions = torch.zeros(1, 5, len(TAGS))
    emissions[..., TAGS.index("I-PER")] = 100.0
    tags = crf.decode(emissions, torch.ones(1, 5, dtype=torch.bool))[0].tolist()
    assert legal(tuple(tags))


def test_a_stray_inside_tag_is_learned_as_the_beginning_it_stands_for(crf: CRF) -> None:
    emissions, mask = torch.randn(1, 3, len(TAGS)), torch.ones(1, 3, dtype=torch.bool)
    stray = torch.tensor([[TAGS.index(tag) for tag in ("O", "I-PER", "I-LOC")]])
    begun = torch.tensor([[TAGS.index(tag) for tag in ("O", "B-PER", "B-LOC")]])
    assert torch.equal(crf.loss(emissions, stray, mask), crf.loss(emissions, begun, mask))


def test_bf16_emissions_of_a_long_sentence_stay_finite_and_have_gradients(crf: CRF) -> None:
    emissions = (50 * torch.randn(2, 300, len(TAGS))).bfloat16().requires_grad_()
    loss = crf.loss(emissions, torch.zeros(2, 300, dtype=torch.long), torch.ones(2, 300, dtype=torch.bool))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(emissions.grad).all()
    assert all(torch.isfinite(weight.grad).all() for weight in crf.parameters())
