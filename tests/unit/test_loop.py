"""Training: the same seed, the same bytes; a killed run ends like one that was not."""

import os
import random
import re
import signal
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from records import ABOUT
from safetensors import safe_open
from tiny_run import FROZEN, RUN, pretrained

from mnerflow.compute.device import make_deterministic
from mnerflow.conditions import TRUE, Condition
from mnerflow.config import ImageConfig, LearningRates, PartConfig, RunConfig, TrainingConfig
from mnerflow.data.image_store import ImageStore, build_store
from mnerflow.data.post import Post, read_posts, write_posts
from mnerflow.evaluation.predictions import TESTED, read_tested, write_predictions
from mnerflow.log import job
from mnerflow.models.image_encoders import new_image_encoder
from mnerflow.models.tagger import Tagger, new_tagger
from mnerflow.record import TrainingRecord
from mnerflow.training import loop, predictor
from mnerflow.training.adamw import AdamW
from mnerflow.training.batches import batches, shuffled_batches
from mnerflow.training.features import compute_features
from mnerflow.training.images import open_images
from mnerflow.training.inputs import Inputs
from mnerflow.training.loop import Epoch, best_epoch, pause, should_stop
from mnerflow.training.optimizer import Optimizer, parameter_groups
from mnerflow.training.predictor import PostPredictor
from mnerflow.training.preemption import SIGNALS, preemptible
from mnerflow.training.run import sample_posts, train_run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Posts and images of which the second half of the posts names a person."""
    from PIL import Image

    (tmp_path / "images").mkdir()
    for number in range(4):
        Image.new("RGB", (16, 16), (60 * number, 100, 200)).save(tmp_path / "images" / f"{number}.png")
    posts = [
        Post(
            str(n),
            ["we", "met", f"Ann{n}", "!"][: 2 + n % 3],
            ["O", "O", "B-PER", "O"][: 2 + n % 3],
            [f"{n % 4}.png"],
        )
        for n in range(12)
    ]
    for split in ("train", "dev", "test"):
        write_posts(tmp_path / f"{split}.jsonl", posts)
    build_store([f"{n}.png" for n in range(4)], tmp_path / "images", tmp_path / "store", 16)
    return tmp_path


def trained(run: RunConfig, data: Path, name: str, code: str = "") -> bytes:
    """Train and predict into ``data/name``; the bytes of the predictions."""
    images = open_images(str(data / "store" / "images.npy"), None)
    folder = data / name
    folder.mkdir(exist_ok=True)
    train_run(run, data / "train.jsonl", data / "dev.jsonl", images, folder, ABOUT, code)
    out = folder / "predictions.jsonl"
    posts = read_posts(data / "test.jsonl")
    found = PostPredictor(run, folder, images).predict_under([TRUE], posts, "test")
    write_predictions(out, {TESTED: found[TRUE]})
    return out.read_bytes() + (folder / "model.safetensors").read_bytes()


class Killed(Exception):
    """Stands in for a signal: what has been written stays, what has not is lost."""


def kill_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    whole = Inputs.batch

    def batch(self, chosen):
        nonlocal taken
        taken += 1
        if taken > steps:
            raise Killed
        return whole(self, chosen)

    monkeypatch.setattr(Inputs, "batch", batch)


def test_the_seed_decides_every_byte(data: Path) -> None:
    first = trained(RUN, data, "first")
    assert trained(RUN, data, "second") == first
    assert trained(replace(RUN, seed=2), data, "third") != first


@pytest.mark.parametrize("steps", [1, 5, 9, 13])
def test_a_killed_run_ends_like_one_that_was_not(steps: int, data: Path, monkeypatch) -> None:
    undisturbed = trained(RUN, data, "undisturbed")
    with monkeypatch.context() as patched, pytest.raises(Killed):
        kill_after(steps, patched)
        trained(RUN, data, "killed")
    assert not (data / "killed" / "model.safetensors").exists()
    assert trained(RUN, data, "killed") == undisturbed
    assert not (data / "killed" / "checkpoint.pt").exists()


def test_a_killed_run_draws_from_every_generator_as_before(data: Path, monkeypatch) -> None:
    drawn: dict[int, tuple[float, float]] = {}
    loss = Tagger.loss

    def noted(self, batch):
        drawn[len(drawn)] = random.random(), numpy.random.random()
        return loss(self, batch)

    monkeypatch.setattr(Tagger, "loss", noted)
    trained(RUN, data, "undisturbed")
    undisturbed, drawn = drawn, {}
    with monkeypatch.context() as patched, pytest.raises(Killed):
        kill_after(5, patched)
        trained(RUN, data, "killed")
    drawn.clear()
    trained(RUN, data, "killed")
    assert list(drawn.values()) == list(undisturbed.values())[-len(drawn) :]


@pytest.mark.parametrize(
    ("kind", "fusion", "decoder"),
    [
        ("transformer", "prefix", "crf"),
        ("language_model", "cross_attention", "softmax"),
        ("bilstm", "gated", "span"),
    ],
)
def test_two_threads_repeat_themselves_and_a_killed_run(
    kind: str, fusion: str, decoder: str, data: Path, tiny_bert: Path, tiny_llama: Path, monkeypatch
) -> None:
    encoder = PartConfig(
        kind, weights=pretrained(kind, tiny_llama if kind == "language_model" else tiny_bert)
    )
    run = replace(RUN, text_encoder=encoder, fusion=PartConfig(fusion), decoder=PartConfig(decoder))
    run = replace(run, training=replace(run.training, threads=2, epochs=2))
    first = trained(run, data, "first")
    assert trained(run, data, "second") == first
    with monkeypatch.context() as patched, pytest.raises(Killed):
        kill_after(5, patched)
        trained(run, data, "killed")
    assert trained(run, data, "killed") == first


@pytest.mark.parametrize(
    ("kind", "fusion"), [("transformer", "prefix"), ("language_model", "linear"), ("bilstm", "linear")]
)
def test_layers_in_bf16_have_masters_in_fp32(
    kind: str, fusion: str, data: Path, tiny_bert: Path, tiny_llama: Path, monkeypatch
) -> None:
    """As on a GPU: a killed run ends with the same bytes, and fp32 weights are saved."""
    for module in (loop, predictor):
        monkeypatch.setattr(module, "layer_dtype", lambda place: torch.bfloat16)
    folder = tiny_llama if kind == "language_model" else tiny_bert
    run = replace(
        RUN, text_encoder=PartConfig(kind, weights=pretrained(kind, folder)), fusion=PartConfig(fusion)
    )
    run = replace(run, training=replace(run.training, epochs=2))
    first = trained(run, data, "first")
    with monkeypatch.context() as patched, pytest.raises(Killed):
        kill_after(5, patched)
        trained(run, data, "killed")
    assert trained(run, data, "killed") == first
    with safe_open(data / "first/model.safetensors", "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert {weight.dtype for weight in weights.values() if weight.is_floating_point()} == {torch.float32}
    trunk = [weight for name, weight in weights.items() if name.startswith("encoder.text.model.")]
    assert not any(torch.equal(weight, weight.bfloat16().float()) for weight in trunk if weight.any())


def test_steps_too_small_for_bf16_add_up(tiny_bert: Path) -> None:
    text = PartConfig("transformer", weights=str(tiny_bert))
    run = replace(RUN, text_encoder=text, image_encoder=None, fusion=PartConfig("text_only"))
    posts = [Post("1", ["ann", "sings"], ["B-PER", "O"])]
    tagger = new_tagger(run, posts, 0).train()
    before = {name: weight.clone() for name, weight in tagger.trained_state().items()}
    rates = LearningRates(text=1e-6, fusion=1e-6)
    optimizer = Optimizer(tagger, replace(run.training, learning_rate=rates), 100, torch.bfloat16)
    for _ in range(20):
        tagger.loss(Inputs(posts, tagger).batch([0])).backward()
        optimizer.step()
    optimizer.release(optimizer.trained_state())
    name = "encoder.text.model.encoder.layer.0.output.dense.weight"
    assert 1e-6 < (tagger.trained_state()[name] - before[name]).abs().max() < 21e-6
    assert all(weight.dtype == torch.float32 for weight in tagger.parameters())


def test_frozen_weights_come_back_whole(tiny_bert: Path) -> None:
    text = PartConfig("transformer", {"trained_layers": 1}, str(tiny_bert))
    run = replace(RUN, text_encoder=text, image_encoder=None, fusion=PartConfig("text_only"))
    tagger = new_tagger(run, [Post("1", ["ann"], ["O"])], 0)
    whole = {name: weight.clone() for name, weight in tagger.named_parameters()}
    optimizer = Optimizer(tagger, run.training, 100, torch.bfloat16)
    assert {weight.dtype for weight in tagger.encoder.text.model.parameters()} == {torch.bfloat16}
    optimizer.release(optimizer.trained_state())
    assert all(torch.equal(weight, whole[name]) for name, weight in tagger.named_parameters())


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("steps", [1, 4, 5, 13])
def test_a_preempted_run_writes_a_checkpoint_and_leaves(
    number: signal.Signals, steps: int, data: Path, monkeypatch
) -> None:
    # No checkpoint but the one that the signal asks for.
    run = replace(RUN, training=replace(RUN.training, checkpoint_seconds=1e9))
    undisturbed = trained(run, data, "undisturbed")
    whole, taken = Tagger.forward, []

    def forward(self, batch):
        taken.append(batch)
        if len(taken) == steps:
            os.kill(os.getpid(), number)
        return whole(self, batch)

    before, log = signal.getsignal(number), data / "train.log"
    with monkeypatch.context() as patched, pytest.raises(SystemExit) as left:
        patched.setattr(Tagger, "forward", forward)
        with job("trained", log), preemptible():
            trained(run, data, "preempted")
    assert left.value.code == 128 + number and len(taken) == steps and signal.getsignal(number) == before
    assert f"stopped by {number.name}, the checkpoint is written; run again to go on" in log.read_text()
    assert not (data / "preempted" / "model.safetensors").exists()
    with job("trained", log):
        assert trained(run, data, "preempted") == undisturbed
    assert "continues from epoch" in log.read_text()


@pytest.mark.parametrize(("cost", "seconds"), [(0.1, 60), (1.2, 60), (3.5, 175), (100, 600)])
def test_checkpoints_that_are_dear_are_rarer(cost: float, seconds: float) -> None:
    assert pause(cost, TrainingConfig(checkpoint_seconds=60)) == seconds


def test_a_checkpoint_of_another_configuration_is_not_gone_on_from(data: Path, monkeypatch) -> None:
    other = replace(RUN, training=replace(RUN.training, weight_decay=0.5))
    with monkeypatch.context() as patched, pytest.raises(Killed):
        kill_after(5, patched)
        trained(RUN, data, "killed")
    assert (data / "killed" / "checkpoint.pt").exists()
    assert trained(other, data, "killed") == trained(other, data, "other")


def test_a_damaged_checkpoint_costs_time_but_no_result(data: Path) -> None:
    (data / "damaged").mkdir()
    (data / "damaged" / "checkpoint.pt").write_bytes(b"\x80half a checkpoint")
    assert trained(RUN, data, "damaged") == trained(RUN, data, "sound")


def test_frozen_features_are_what_the_encoder_computes(data: Path) -> None:
    compute_features(FROZEN, data / "store", data / "features.npy", threads=1)
    features = numpy.load(data / "features.npy")
    pixels = torch.from_numpy(numpy.array(ImageStore(data / "store").pixels))
    make_deterministic(0, threads=1)
    with torch.no_grad():
        expected = new_image_encoder(FROZEN).eval()(pixels)
    assert features.shape == (5, 1, 6) and features.dtype == numpy.float16
    torch.testing.assert_close(torch.from_numpy(features).float(), expected, atol=0.02, rtol=0.02)
    images = open_images(str(data / "store" / "images.npy"), str(data / "features.npy"))
    folder = data / "frozen"
    run = replace(RUN, image_encoder=FROZEN)
    train_run(run, data / "train.jsonl", data / "dev.jsonl", images, folder, ABOUT)
    assert (folder / "model.safetensors").exists()


def test_words_that_a_filter_hides_are_predicted_outside(data: Path) -> None:
    write_posts(data / "test.jsonl", [Post("1", ["Ann0", "!"], ["B-PER", "O"], ["0.png"], dropped=[0, 1])])
    assert b'"predicted": ["O", "O"]' in trained(RUN, data, "hidden")


def test_entities_that_a_decoder_cannot_hold_are_counted(data: Path) -> None:
    long = Post("long", ["Ann", "of", "Rome", "Ann0"], ["B-PER", "I-PER", "I-PER", "B-PER"], ["0.png"])
    hidden = replace(long, id="hidden", dropped=[1])
    write_posts(data / "train.jsonl", [long, hidden])
    write_posts(data / "dev.jsonl", [long])
    write_posts(data / "test.jsonl", [long, long])
    span = PartConfig("span", {"max_length": 2})
    with job("trained", data / "train.log"):
        trained(replace(RUN, decoder=span), data, "span")
    record = yaml.safe_load((data / "span/run.yaml").read_text(encoding="utf-8"))
    assert record["entities_lost"] == {"train": 1, "dev": 1}
    log = (data / "train.log").read_text()
    assert "test: entities beyond what the decoder can predict: 2" in log


def epochs(*scores: float) -> list[Epoch]:
    return [Epoch(n, 0, 0, score, 0, 0, 0) for n, score in enumerate(scores, start=1)]


def test_the_best_epoch_is_kept_and_patience_ends_training() -> None:
    config = TrainingConfig(patience=2, min_gain=0.01)
    assert best_epoch(epochs(0.1, 0.5, 0.505, 0.4), config) == 2, "a gain below min_gain is none"
    assert not should_stop(epochs(0.5, 0.4), config)
    assert should_stop(epochs(0.5, 0.4, 0.4), config)
    assert not should_stop(epochs(0, 0, 0, 0), config), "a slow beginning is no reason to give up"
    assert not should_stop(epochs(0, 0, 0, 0.005), config), "not a gain of min_gain, but a beginning"
    assert should_stop(epochs(0, 0, 0, 0.1, 0.1, 0.1), config)


def test_every_part_has_the_learning_rate_that_is_its_own() -> None:
    rates = LearningRates(text=1.0, image=2.0, fusion=3.0, decoder=4.0)
    run = replace(RUN, decoder=PartConfig("crf"), training=replace(RUN.training, learning_rate=rates))
    tagger = new_tagger(run, [Post("1", ["a"], ["O"])], 0)
    names = {id(weight): name for name, weight in tagger.named_parameters()}
    found = {
        (re.match(r"encoder\.\w+|\w+", names[id(weight)])[0], group["lr"])
        for group in parameter_groups(tagger, run.training)
        for weight in group["params"]
    }
    assert found == {("encoder.text", 1), ("encoder.image", 2), ("fusion", 3), ("decoder", 4)}


def test_no_decay_on_norms_biases_and_embeddings() -> None:
    tagger = new_tagger(RUN, [Post("1", ["a"], ["O"])], 0)
    names = {id(weight): name for name, weight in tagger.named_parameters()}
    groups = parameter_groups(tagger, RUN.training)
    decayed = {names[id(w)] for group in groups if group["weight_decay"] for w in group["params"]}
    assert {"decoder.head.weight", "encoder.text.lstm.weight_hh_l0"} <= decayed
    assert not any("bias" in n or "norm" in n or n.startswith("encoder.text.word.") for n in decayed)
    assert sum(len(group["params"]) for group in groups) == len(names)
    assert {group["lr"] for group in groups} == {0.01, 0.002}


def test_no_decay_on_what_timm_spares() -> None:
    vit = {"model": "vit_tiny_patch16_224", "arguments": {"depth": 1, "embed_dim": 12}}
    run = replace(RUN, image_encoder=ImageConfig("timm", vit, size=32))
    tagger = new_tagger(run, [Post("1", ["a"], ["O"])], 0)
    groups = parameter_groups(tagger, RUN.training)
    plain = {id(w) for group in groups if not group["weight_decay"] for w in group["params"]}
    assert id(tagger.encoder.image.model.pos_embed) in plain
    assert id(tagger.encoder.image.model.cls_token) in plain


@given(st.lists(st.integers(1, 60), max_size=80), st.integers(1, 64), st.integers(0, 3))
def test_batches_hold_every_post_once_and_keep_to_their_budget(lengths, max_units, epoch) -> None:
    for cut in (batches(lengths, max_units), shuffled_batches(lengths, max_units, 7, epoch)):
        assert sorted(index for batch in cut for index in batch) == list(range(len(lengths)))
        assert all(
            len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= max_units
            for batch in cut
        )
    assert shuffled_batches(lengths, max_units, 7, epoch) == shuffled_batches(lengths, max_units, 7, epoch)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [shuffled_batches([5] * 40, 10, seed, epoch) for seed in (1, 2) for epoch in (1, 2)]
    assert all(orders[i] != orders[j] for i in range(4) for j in range(i))


def test_a_run_that_learns_with_wrong_images_is_another_and_is_predicted_with_true_ones(data: Path) -> None:
    wrong = replace(RUN, train_with=("image.blank",))
    assert trained(wrong, data, "wrong") != trained(RUN, data, "true")
    assert TrainingRecord.read(data / "wrong/run.yaml", "").config["train_with"] == ["image.blank"]
    images = open_images(str(data / "store" / "images.npy"), None)
    posts = read_posts(data / "test.jsonl")
    found = PostPredictor(wrong, data / "wrong", images).predict_under(
        [TRUE, Condition("image", "blank")], posts
    )
    assert found[TRUE] == [*read_tested(data / "wrong/predictions.jsonl")]
    assert found[TRUE] != found[Condition("image", "blank")]


def test_a_smaller_share_of_the_training_posts_is_part_of_a_larger_one(data: Path) -> None:
    posts = read_posts(data / "train.jsonl")
    tenth, half, whole = ([post.id for post in sample_posts(posts, share, 7)] for share in (0.01, 0.5, 1.0))
    assert whole == [post.id for post in posts]
    assert len(tenth) == 1 and len(half) == 6 and {*tenth} < {*half}
    assert half == sorted(half, key=int) != [post.id for post in sample_posts(posts, 0.5, 8)]
    trained(replace(RUN, train_fraction=0.5), data, "half")
    assert TrainingRecord.read(data / "half/run.yaml", "").training_posts == 6


def test_learning_rate_rises_then_falls_to_zero(data: Path, monkeypatch) -> None:
    rates = []
    step = AdamW.step
    monkeypatch.setattr(
        AdamW,
        "step",
        lambda self, share: (rates.append(self.groups[0]["lr"] * share), step(self, share))[1],
    )
    run = replace(RUN, training=replace(RUN.training, warmup=0.25, epochs=2, patience=9))
    trained(run, data, "rates")
    warmup = round(0.25 * len(rates))
    assert rates[0] == pytest.approx(0.01 / warmup)
    assert max(rates) == pytest.approx(0.01) and rates.index(max(rates)) == warmup - 1
    assert 0 < rates[-1] < 0.002
