"""A vision-language model as one encoder: what its words and patches are made of."""

from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import torch
from tiny_vision_language import FAMILIES
from transformers import AutoModel, AutoProcessor

from mnerflow.conditions import CHANGES, IMAGE, Condition
from mnerflow.config import PartConfig, RunConfig, VisionLanguageConfig
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.tagger import Tagger, load_tagger, new_tagger
from mnerflow.training.inputs import Inputs
from mnerflow.training.predict import predict

SIZE = 16
PIXELS = numpy.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), dtype=numpy.uint8)
ROWS = [[1, 2], [3], []]
EXACT = {"attention": "causal", "lora": {"dropout": 0.0}}


@pytest.fixture(scope="session", params=FAMILIES)
def weights(request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    FAMILIES[request.param](folder)
    return folder


@pytest.fixture(autouse=True)
def whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen weights in fp32 on every processor."""
    monkeypatch.setattr(
        "mnerflow.models.text_encoders.language_model.autocast_dtype", lambda _: torch.float32
    )


def run(weights: Path, fusion: str = "joint", **options) -> RunConfig:
    size = 0 if fusion == "text_only" else SIZE
    encoder = VisionLanguageConfig("vision_language_model", options, str(weights), size)
    return RunConfig(("PER", "LOC"), 1, PartConfig(fusion), vision_language_encoder=encoder)


def image_inputs(tagger: Tagger, posts: list[Post], rows: list[list[int]] = ROWS) -> Inputs:
    return Inputs(posts, tagger, images=PIXELS, rows=rows)


def nudged(tagger: Tagger) -> Tagger:
    """With adapters that do something: they begin as nothing."""
    with torch.no_grad():
        for weight in tagger.parameters():
            if weight.requires_grad:
                weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    return tagger


def encoded(tagger: Tagger, batch):
    return tagger.encoder(batch, tagger.fusion.prefix)


def test_words_and_patches_are_those_of_the_model_and_its_processor(weights: Path) -> None:
    post = Post("1", ["ann", "sings", "in", "rome"], ["B-PER", "O", "O", "B-LOC"], ["a", "b"])
    tagger = new_tagger(run(weights, **EXACT), [post], 0).eval()
    batch = image_inputs(tagger, [post], [[1, 2]]).batch([0])
    found = encoded(tagger, batch)
    processor, model = AutoProcessor.from_pretrained(weights), AutoModel.from_pretrained(weights)
    image = processor.image_token
    if "image_pad" in image:  # what its chat template writes
        image = f"<|vision_start|>{image}<|vision_end|>"
    pictures = [torch.from_numpy(PIXELS[row]).permute(2, 0, 1) for row in (1, 2)]
    whole = processor(text=[f"{image * 2} ann sings in rome"], images=pictures, return_tensors="pt")
    assert torch.equal(batch.text["input_ids"], whole["input_ids"])
    with torch.no_grad():
        hidden = model.eval()(**whole).last_hidden_state[0]
    seen = whole["input_ids"][0] == processor.tokenizer.convert_tokens_to_ids(processor.image_token)
    torch.testing.assert_close(found.patches[0], hidden[seen], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.words[0, -1], hidden[-1], atol=1e-4, rtol=1e-4)


def test_a_post_alone_is_as_in_a_batch_with_other_images(weights: Path, posts: list[Post]) -> None:
    tagger = nudged(new_tagger(run(weights), posts, 0)).eval()
    inputs = image_inputs(tagger, posts)
    whole = tagger(inputs.batch([0, 1, 2]))
    for number, post in enumerate(posts):
        alone = tagger(inputs.batch([number]))[0]
        torch.testing.assert_close(alone, whole[number, : len(post.tokens)], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("attention", ["causal", "bidirectional"])
def test_words_see_the_image_of_their_post_alone(weights: Path, posts: list[Post], attention: str) -> None:
    tagger = nudged(new_tagger(run(weights, attention=attention), posts, 0)).eval()
    batches = [image_inputs(tagger, posts, rows).batch([0, 1, 2]) for rows in (ROWS, [[1, 3], [3], []])]
    true, other = (encoded(tagger, batch) for batch in batches)
    rest = batches[0].word_mask[1:]
    assert true.patch_mask.sum(1).tolist() == [8, 4, 0]
    assert not torch.isclose(true.words[0, 0], other.words[0, 0], atol=1e-4).all()
    torch.testing.assert_close(true.words[1:][rest], other.words[1:][rest])


@pytest.mark.parametrize("fusion", ["joint", "cross_attention", "gated", "linear", "text_only"])
def test_every_trained_weight_has_a_gradient_and_is_saved(
    weights: Path, posts: list[Post], fusion: str, tmp_path: Path
) -> None:
    tagger = nudged(new_tagger(run(weights, fusion), posts, 0))
    inputs = Inputs(posts, tagger) if fusion == "text_only" else image_inputs(tagger, posts)
    batch = inputs.batch([0, 1, 2])
    tagger.eval().loss(batch).backward()
    trained = {name: weight for name, weight in tagger.named_parameters() if weight.requires_grad}
    assert all(weight.grad is not None and weight.grad.any() for weight in trained.values())
    adapters = [name for name in trained if name.startswith("encoder.")]
    assert adapters and all("lora_" in name and "visi" not in name for name in adapters)
    tagger.save(tmp_path / "model.safetensors")
    again = load_tagger(run(weights, fusion), tmp_path / "model.safetensors", 0).eval()
    torch.testing.assert_close(again(batch), tagger(batch))


def test_layers_that_are_computed_anew_give_the_same_gradient(weights: Path, posts: list[Post]) -> None:
    found = []
    for anew in (False, True):
        made = run(weights, lora={"dropout": 0.0}, gradient_checkpointing=anew)
        torch.manual_seed(0)
        tagger = nudged(new_tagger(replace(made, fusion=PartConfig("joint", {"dropout": 0.0})), posts, 0))
        tagger.train().loss(image_inputs(tagger, posts).batch([0, 1, 2])).backward()
        found.append([weight.grad for weight in tagger.encoder.parameters() if weight.requires_grad])
    torch.testing.assert_close(*found)


def test_the_baseline_trains_the_same_adapters_and_the_same_steps(weights: Path, posts: list[Post]) -> None:
    both, alone = (new_tagger(run(weights, fusion), posts, 0) for fusion in ("joint", "text_only"))
    assert both.trained_state().keys() == alone.trained_state().keys()
    assert image_inputs(both, posts).lengths == Inputs(posts, alone).lengths
    assert image_inputs(both, posts).pieces([0, 1, 2], 8)[-1] == [0]  # images cost what they take


def test_a_post_longer_than_the_window_sees_its_images_in_each(weights: Path, posts: list[Post]) -> None:
    long = replace(posts[0], tokens=["rome"] * 12, labels=["O"] * 12)
    tagger = nudged(new_tagger(run(weights, max_subwords=8), posts, 0)).eval()
    batch = image_inputs(tagger, [long, posts[1]], [[1], [3]]).batch([0, 1])
    other = image_inputs(tagger, [long, posts[1]], [[2], [3]]).batch([0, 1])
    assert len(batch.text["posts"]) > 2
    inputs = image_inputs(tagger, [long], [[1, 2]])
    cost = tagger.encoder.cost(inputs.texts[0].length, 2, len(inputs.texts[0].windows))
    assert cost == int(inputs.batch([0]).text["attention_mask"].sum())
    true, changed = (encoded(tagger, one).words for one in (batch, other))
    assert not torch.isclose(true[0], changed[0], atol=1e-5).all(1).any()
    torch.testing.assert_close(true[1, :2], changed[1, :2])


@pytest.mark.parametrize("change", CHANGES)
def test_wrong_images_are_read_also_where_there_are_more(
    weights: Path, posts: list[Post], change: str
) -> None:
    tagger = nudged(new_tagger(run(weights), posts, 0))
    inputs = image_inputs(tagger, posts)
    true, _ = predict(tagger, inputs, 64)
    changed = inputs.under(Condition(IMAGE, change), 1)
    wrong, _ = predict(tagger, changed, 64)
    differ = [one.confidence != other.confidence for one, other in zip(true, wrong, strict=True)]
    shown = [rows != other for rows, other in zip(ROWS, changed.rows, strict=True)]
    assert differ == shown and any(shown)


def test_a_word_that_spells_a_placeholder_is_no_image(weights: Path) -> None:
    image = AutoProcessor.from_pretrained(weights).image_token
    post = Post("1", ["ann", image], ["B-PER", "O"], ["a"])
    tagger = new_tagger(run(weights), [post], 0).eval()
    assert torch.isfinite(tagger(image_inputs(tagger, [post], [[1]]).batch([0]))).all()


def test_4_bits_are_close(weights: Path, posts: list[Post]) -> None:
    taggers = [new_tagger(run(weights, four_bit=on), posts, 0).eval() for on in (False, True)]
    whole, packed = (encoded(one, image_inputs(one, posts).batch([0, 1, 2])).words for one in taggers)
    assert 0 < (whole - packed).norm() / whole.norm() < 0.4


def test_what_cannot_be_is_said(weights: Path, posts: list[Post], tiny_llama: Path) -> None:
    with pytest.raises(UserError, match="casing"):
        new_tagger(run(weights, casing=True), posts, 0)
    with pytest.raises(UserError, match="no vision-language model"):
        new_tagger(run(tiny_llama), posts, 0)
    with pytest.raises(UserError, match="do_image_spliting"):
        new_tagger(run(weights, image_processor={"do_image_spliting": False}), posts, 0)
    with pytest.raises(UserError, match="'joint': it reads joint, but is given text"):
        new_tagger(
            replace(run(weights), text_encoder=PartConfig("bilstm"), vision_language_encoder=None), posts, 0
        )
