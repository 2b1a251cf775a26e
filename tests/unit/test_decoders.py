"""Decoders against brute force over all tag sequences, and what each of them promises besides."""

import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mnerflow.data.tags import OUTSIDE, entity_type, repair, spans, tag_list
from mnerflow.models.decoders import Decoder
from mnerflow.models.decoders.crf import CRF
from mnerflow.models.decoders.softmax import Softmax
from mnerflow.models.decoders.span import Span

TAGS = tag_list(["PER", "LOC"])
LENGTHS = [4, 1, 3]
MASK = torch.arange(4) < torch.tensor(LENGTHS).unsqueeze(1)
Sequence = tuple[str, ...]


def index(*tags: str) -> Tensor:
    return torch.tensor([[TAGS.index(tag) for tag in tags]])


def made(cls: type[Decoder], **options) -> tuple[Decoder, Tensor]:
    """A decoder with random weights, and its scores of random words."""
    torch.manual_seed(0)
    decoder = cls(6, TAGS, **options).eval()
    for weight in decoder.parameters():
        torch.nn.init.normal_(weight)
    with torch.no_grad():
        return decoder, decoder(torch.randn(len(LENGTHS), 4, 6)) / 4


def legal(sequence: Sequence) -> bool:
    return repair(sequence) == list(sequence)


def softmax_score(decoder: Softmax, scores: Tensor, sequence: Sequence) -> float:
    return sum(float(word[TAGS.index(tag)]) for word, tag in zip(scores, sequence, strict=True))


def crf_score(decoder: CRF, scores: Tensor, sequence: Sequence) -> float | None:
    if not legal(sequence):
        return None
    numbers = [TAGS.index(tag) for tag in sequence]
    moves = sum(float(decoder.transitions[a, b].detach()) for a, b in pairwise(numbers))
    ends = float((decoder.first[numbers[0]] + decoder.last[numbers[-1]]).detach())
    return softmax_score(decoder, scores, sequence) + moves + ends


def span_score(decoder: Span, scores: Tensor, sequence: Sequence) -> float | None:
    if not legal(sequence) or decoder.count_unrepresentable(sequence):
        return None
    kinds = decoder.types
    return sum(
        float(scores[start, end - start - 1, kinds.index(kind)]) for kind, start, end in spans(sequence)
    )


def example() -> type[Decoder]:
    """The decoder that docs/extend.md writes."""
    page = (Path(__file__).parents[2] / "docs/extend.md").read_text(encoding="utf-8")
    [code] = re.findall(r"decoders/joined\.py`:\n\n```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["Joined"]


def example_score(decoder: Decoder, scores: Tensor, sequence: Sequence) -> float | None:
    side_by_side = any(b == f"B-{entity_type(a)}" for a, b in pairwise(sequence))
    if side_by_side or not legal(sequence):
        return None
    types = [decoder.types.index(entity_type(tag)) for tag in sequence]
    return sum(float(word[kind]) for word, kind in zip(scores, types, strict=True))


DECODERS = [
    pytest.param(example(), {"hidden": 5}, example_score, id="example of the docs"),
    pytest.param(Softmax, {}, softmax_score, id="softmax"),
    pytest.param(CRF, {}, crf_score, id="crf"),
    pytest.param(Span, {"max_length": 2, "hidden": 5}, span_score, id="span"),
    pytest.param(Span, {"max_length": 9, "hidden": 5}, span_score, id="long span"),
]


def posts(
    decoder: Decoder, scores: Tensor, score: Callable[..., float | None]
) -> Iterator[tuple[int, dict[Sequence, float]]]:
    """Each post's length and the probability of all its possible tag sequences."""
    for row, length in enumerate(LENGTHS):
        values = {
            sequence: value
            for sequence in product(TAGS, repeat=length)
            if (value := score(decoder, scores[row, :length], sequence)) is not None
        }
        total = torch.tensor(list(values.values()), dtype=torch.double).logsumexp(0)
        yield length, {sequence: math.exp(value - total) for sequence, value in values.items()}


@pytest.mark.parametrize(("cls", "options", "score"), DECODERS)
def test_loss_is_that_of_the_gold_sequence_whatever_the_padding(cls, options: dict, score) -> None:
    decoder, scores = made(cls, **options)
    gold = [("B-PER", "I-PER", "O", "B-LOC"), ("B-LOC",), ("O", "B-LOC", "B-PER")]
    chances = zip(posts(decoder, scores, score), gold, strict=True)
    expected = -sum(math.log(found[tags]) for (_, found), tags in chances) / sum(LENGTHS)
    labels = torch.cat([index(*tags, *[OUTSIDE] * (4 - len(tags))) for tags in gold])
    for beyond in (0.0, 50.0):
        with torch.no_grad():
            padded = scores.clone()
            padded[~MASK] = beyond
            assert float(decoder.loss(padded, labels, MASK)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("cls", "options", "score"), DECODERS)
@pytest.mark.parametrize("sharp", [1.0, 6.0])
def test_tags_are_the_best_and_confidences_their_probabilities(
    cls, options: dict, score, sharp: float
) -> None:
    decoder, scores = made(cls, **options)
    scores = sharp * scores
    with torch.no_grad():
        decoded = decoder.decode(scores, MASK)
    for post, (_, chances) in zip(decoded, posts(decoder, scores, score), strict=True):
        assert tuple(post.tags) == max(chances, key=chances.get)
        words = [
            sum(chance for tags, chance in chances.items() if tags[index] == tag)
            for index, tag in enumerate(post.tags)
        ]
        assert post.confidence == pytest.approx(words, abs=1e-5)
        entities = [
            sum(chance for tags, chance in chances.items() if entity in list(spans(tags)))
            for entity in spans(post.tags)
        ]
        assert post.entities == pytest.approx(entities, abs=1e-5)
        assert all(0 <= value <= 1 for value in (*post.confidence, *post.entities))
    assert any(post.entities for post in decoded), "there is something to compare"


@pytest.mark.parametrize(("cls", "options", "score"), DECODERS)
def test_a_batch_is_decoded_as_its_posts_alone(cls, options: dict, score) -> None:
    decoder, scores = made(cls, **options)
    with torch.no_grad():
        for row, post in enumerate(decoder.decode(scores, MASK)):
            kept = slice(0, LENGTHS[row])
            alone = scores[row : row + 1, kept]
            if cls is Span:
                alone = alone[:, :, : LENGTHS[row]]
            [single] = decoder.decode(alone, MASK[row : row + 1, kept])
            assert single.tags == post.tags
            assert single.confidence == pytest.approx(post.confidence, abs=1e-6)
            assert single.entities == pytest.approx(post.entities, abs=1e-6)


@pytest.mark.parametrize(("cls", "options", "score"), DECODERS)
def test_confidences_are_exact_wherever_a_word_stands_in_a_long_post(cls, options: dict, score) -> None:
    decoder, scores = made(cls, **options)
    scores = 6 * scores[:1].repeat(1, 500, *[1] * (scores.ndim - 2))
    with torch.no_grad():
        [post] = decoder.decode(scores, torch.ones(scores.shape[:2], dtype=torch.bool))
    repeats = torch.tensor(post.confidence).view(500, -1)[50:-50]
    torch.testing.assert_close(repeats, repeats[:1].expand_as(repeats), atol=1e-6, rtol=0)
    assert repeats.min() < 0.98, "there is something to compare"


@pytest.mark.parametrize("cls", [CRF, Span])
def test_never_predicts_what_iob2_forbids_however_strong_the_score(cls: type[Decoder]) -> None:
    decoder, _ = made(cls)
    with torch.no_grad():
        scores = decoder(torch.randn(8, 5, 6)) * 20
        if cls is CRF:
            scores[..., TAGS.index("I-PER")] = 100.0
        for post in decoder.decode(scores, torch.ones(8, 5, dtype=torch.bool)):
            assert legal(tuple(post.tags))


@pytest.mark.parametrize("cls", [CRF, Span])
def test_a_stray_inside_tag_is_learned_as_the_beginning_it_stands_for(cls: type[Decoder]) -> None:
    decoder, scores = made(cls)
    scores, mask = scores[:1, :3], torch.ones(1, 3, dtype=torch.bool)
    stray, begun = index("O", "I-PER", "I-LOC"), index("O", "B-PER", "B-LOC")
    assert torch.equal(decoder.loss(scores, stray, mask), decoder.loss(scores, begun, mask))


@pytest.mark.parametrize("cls", [Softmax, CRF, Span])
def test_bf16_scores_of_a_long_post_stay_finite_and_have_gradients(cls: type[Decoder]) -> None:
    decoder, _ = made(cls)
    mask = torch.ones(2, 300, dtype=torch.bool)
    with torch.autocast("cpu", torch.bfloat16):
        words = (50 * torch.randn(2, 300, 6)).requires_grad_()
        scores = decoder(words)
        loss = decoder.loss(scores, torch.ones(2, 300, dtype=torch.long), mask)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(weight.grad).all() for weight in (words, *decoder.parameters()))
    with torch.no_grad():
        sure = [
            value for post in decoder.decode(scores, mask) for value in (*post.confidence, *post.entities)
        ]
    assert all(0 <= value <= 1 for value in sure)


def test_a_span_by_hand() -> None:
    decoder = Span(1, TAGS, max_length=2, hidden=1)
    with torch.no_grad():
        for weight in decoder.parameters():
            weight.zero_()
        decoder.first[0].weight.fill_(1.0)  # of a first word 1, GELU(1) = 0.84134; of a word 0, nothing
        decoder.biaffine[0, 0, 1] = 2.0  # a person begins with a 1, wherever it ends
        decoder.length[1, 1] = 0.5  # a place has two words
        scores = decoder.eval()(torch.tensor([[[1.0], [0.0], [0.0]]]))[0]
    person, place = 2 * 0.84134, 0.5
    torch.testing.assert_close(scores[0], torch.tensor([[person, 0], [person, place]]), atol=1e-4, rtol=0)
    torch.testing.assert_close(scores[1], torch.tensor([[0, 0], [0, place]]), atol=1e-4, rtol=0)
    # A person of one word and a place of two, together, are better than a person of two.
    [post] = decoder.decode(scores[None], torch.ones(1, 3, dtype=torch.bool))
    assert post.tags == ["B-PER", "B-LOC", "I-LOC"]


def test_entities_that_are_too_long_are_counted_and_learnt_as_words_outside() -> None:
    decoder, scores = made(Span, max_length=2)
    long = ["B-PER", "I-PER", "I-PER", "B-LOC"]
    assert decoder.count_unrepresentable(long) == 1 and decoder.count_unrepresentable(long[1:]) == 0
    mask = torch.ones(1, 4, dtype=torch.bool)
    shortened = index("O", "O", "O", "B-LOC")
    assert torch.equal(
        decoder.loss(scores[:1], index(*long), mask), decoder.loss(scores[:1], shortened, mask)
    )


def test_every_type_is_found_again_by_its_name() -> None:
    other = tag_list(["LOC", "ORG", "PER"])
    for cls in (Softmax, CRF, Span):
        decoder, axes = cls(6, TAGS), cls(6, TAGS).named_axes(other)
        for name, named in cls(6, TAGS).named_axes(TAGS).items():
            tensor, larger = decoder.state_dict()[name], cls(6, other).state_dict()[name]
            sizes = zip(tensor.shape, named, larger.shape, axes[name], strict=True)
            for size, names, larger_size, larger_names in sizes:
                assert (names is None) == (larger_names is None)
                assert size == (larger_size if names is None else len(names))
                assert names is None or larger_size == len(larger_names)
        counting = {
            name
            for name, tensor in decoder.state_dict().items()
            if tensor.shape != cls(6, other).state_dict()[name].shape
        }
        assert counting == set(axes), "what grows with the tags is said to count them"
    assert {entity_type(tag) for tag in other} == {"", "LOC", "ORG", "PER"}
