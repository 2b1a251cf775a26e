"""What a training run keeps, when it stops, and what it can be given."""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from records import ABOUT
from tiny_run import pretrained
from torch import Tensor
from watched import PRECISION, assert_same, watched_steps

from mnerflow.conditions import TRUE, Condition
from mnerflow.config import LearningRates, PartConfig, RunConfig, TrainingConfig
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.files.checksums import sha256
from mnerflow.models.batch import Batch
from mnerflow.models.tagger import Tagger, load_tagger, new_tagger
from mnerflow.training import loop, optimizer
from mnerflow.training.adamw import AdamW
from mnerflow.training.inputs import Inputs
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
    train_run(run, folder / "train.jsonl", folder / "dev.jsonl", None, folder / "run", ABOUT)
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


def test_contexts_that_are_cut_are_counted_and_one_that_no_post_has_is_refused(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notes = [{}, {"notes": "one"}, {"notes": "one two three"}, {"notes": "one two", "caption": "three four"}]
    posts = [
        Post(str(n), ["met", "Ann"], ["O", "B-PER"], contexts=contexts) for n, contexts in enumerate(notes)
    ]
    write_posts(folder / "train.jsonl", posts)
    reading = replace(run(epochs=1), contexts=("notes", "caption"), context_length=2)
    train(reading, folder)
    record = yaml.safe_load((folder / "run" / "run.yaml").read_text())
    assert record["contexts_cut"] == {"train": {"notes": 2, "caption": 1}, "dev": {"notes": 0, "caption": 0}}
    assert "train: posts whose context notes is cut: 2 of 4" in caplog.messages
    train(replace(reading, train_with=("notes.blank",)), folder)
    record = yaml.safe_load((folder / "run" / "run.yaml").read_text())
    assert record["contexts_cut"]["train"] == {"notes": 0, "caption": 0}
    with pytest.raises(
        UserError, match=r"no training post has the context 'ocr' \(4 posts\), but the variant reads"
    ):
        train(replace(reading, contexts=("notes", "ocr")), folder)
    for seed in range(1, 5):  # a share without the only post that has one trains as well
        train(replace(reading, seed=seed, train_fraction=0.25), folder)


def test_what_the_text_encoder_cannot_read_is_recorded_by_split(folder: Path, tiny_bert: Path) -> None:
    write_posts(folder / "dev.jsonl", [Post("0", ["我", "ann"], ["O", "B-PER"]), Post("1", ["东京"], ["O"])])
    train(replace(run(epochs=1), text_encoder=PartConfig("transformer", weights=str(tiny_bert))), folder)
    record = yaml.safe_load((folder / "run" / "run.yaml").read_text())
    assert record["unread"]["dev"] == {"posts": 2, "tokens": 3, "unknown": 2, "windowed": 0}
    train(run(epochs=1), folder)
    record = yaml.safe_load((folder / "run" / "run.yaml").read_text())
    nothing = {"unknown": 0, "windowed": 0}
    assert record["unread"]["train"] == {"posts": 8, "tokens": 16} | nothing
    assert record["unread"]["dev"]["unknown"] == 3, "training showed the BiLSTM no small a either"


def test_nothing_to_train_on_is_a_clear_error(folder: Path) -> None:
    write_posts(folder / "train.jsonl", [Post("hidden", [":-)"], ["O"], dropped=[0])])
    with pytest.raises(UserError, match="no training post has a word left"):
        train(run(epochs=1), folder)


def test_learning_rates_step_by_step(folder: Path, monkeypatch) -> None:
    rates, step = [], AdamW.step

    def seen(self, share):
        rates.append([group["lr"] * share for group in self.groups])
        return step(self, share)

    monkeypatch.setattr(AdamW, "step", seen)
    train(run(epochs=5, patience=9, warmup=0.2), folder)
    # 8 posts of 2 words, 4 in a batch: 10 steps, of which 2 rise and 8 fall, the last to one eighth.
    shares = [1 / 2, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8]
    assert [text for text, *_ in rates] == pytest.approx([0.01 * share for share in shares])
    assert [fusion for *_, fusion in rates] == pytest.approx([0.002 * share for share in shares])


def test_training_that_diverges_says_so_and_keeps_the_epochs_before(folder: Path, monkeypatch) -> None:
    whole, steps = Tagger.loss, []

    def loss(self: Tagger, batch: Batch) -> Tensor:
        steps.append(batch)
        return whole(self, batch) * (float("nan") if len(steps) > sound else 1)

    monkeypatch.setattr(Tagger, "loss", loss)
    sound = 2  # batches, which are an epoch
    assert len(train(run(epochs=4), folder)) == 1
    saved = load_tagger(run(), folder / "run" / "model.safetensors", 0)
    assert all(torch.isfinite(weight).all() for weight in saved.parameters())
    steps, sound = [], 0
    with pytest.raises(UserError, match=r"diverged in epoch 1, step 1 \(its loss is no number\): lower"):
        train(run(epochs=2), folder)


def test_weights_that_a_last_step_spoils_are_not_kept(folder: Path, monkeypatch) -> None:
    steps = []

    def spoil(weights, _) -> None:
        steps.append(None)
        for weight in weights if len(steps) == 2 else ():  # the last of the epoch
            weight.grad = None if weight.grad is None else weight.grad * float("inf")

    monkeypatch.setattr(optimizer, "clip_gradients", spoil)
    with pytest.raises(UserError, match="diverged in epoch 1, on dev"):
        train(run(epochs=1), folder)


@pytest.mark.parametrize("changed", ["code", "data", "start"])
def test_a_checkpoint_of_other_code_data_or_start_is_not_gone_on_from(
    changed: str, folder: Path, monkeypatch
) -> None:
    for name, seed in (("start", 1), ("other", 2)):
        torch.manual_seed(seed)
        new_tagger(run(), [Post("1", ["Ann"], ["O"])], 0).save(folder / f"{name}.safetensors")

    class Killed(Exception):
        """Stands in for a signal."""

    def killed(*arguments):
        raise Killed

    def start(code: str = "a") -> None:
        train_run(
            replace(run(epochs=2, checkpoint_seconds=1e-9), init_from=str(folder / "start.safetensors")),
            *(folder / "train.jsonl", folder / "dev.jsonl", None, folder / "run", ABOUT, code),
        )

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(loop, "predict", killed)
        start()
    steps, whole = [], Inputs.batch
    monkeypatch.setattr(Inputs, "batch", lambda self, chosen: steps.append(chosen) or whole(self, chosen))
    if changed == "data":
        write_posts(folder / "dev.jsonl", [Post("1", ["met"], ["O"])])
    if changed == "start":
        (folder / "other.safetensors").replace(folder / "start.safetensors")
    start("b" if changed == "code" else "a")
    assert len(steps) == 2 * (2 + 1), "two epochs of two training batches and one of dev, from the beginning"
    record = yaml.safe_load((folder / "run/run.yaml").read_text(encoding="utf-8"))
    beginning = folder / "start.safetensors"
    assert record["weights_sha256"] == {str(beginning): sha256(beginning)}


@pytest.mark.parametrize("kind", ["bilstm", "transformer"])
def test_posts_without_a_word_are_outside_everywhere_and_keep_their_place(kind: str, tiny_bert: Path) -> None:
    posts = [
        Post("hidden", ["Ann", "Rome"], ["B-PER", "O"], dropped=[0, 1]),
        Post("half", ["Ann", "in", "Rome"], ["B-PER", "O", "O"], dropped=[1]),
        Post("hidden too", ["Ann"], ["B-PER"], dropped=[0]),
    ]
    encoder = PartConfig(kind, weights=pretrained(kind, tiny_bert))
    tagger = new_tagger(RunConfig(("PER",), 1, PartConfig("text_only"), encoder), posts, 0)
    with torch.no_grad():
        tagger.decoder.head.weight.zero_()
        tagger.decoder.head.bias.copy_(torch.tensor([0.0, 9.0, 0.0]))  # O, B-PER, I-PER
    predictions, loss = predict(tagger, Inputs(posts, tagger), 64)
    assert [one.id for one in predictions] == ["hidden", "half", "hidden too"]
    assert [one.predicted for one in predictions] == [["O", "O"], ["B-PER", "O", "B-PER"], ["O"]]
    # Only the two words that are read count: one right, the other by 9 nats wrong.
    assert loss == pytest.approx(4.5, abs=1e-3)
    sure = round(math.exp(9) / (math.exp(9) + 2), 4)
    assert [one.confidence for one in predictions] == [None, [sure, None, sure], None]
    nothing, loss = predict(tagger, Inputs(posts[:1], tagger), 64)
    assert (nothing[0].predicted, loss) == (["O", "O"], 0.0)


BF16 = 2**-7  # the rounding of a probability, where processors multiply in it


def test_words_and_entities_are_predicted_with_a_confidence() -> None:
    posts = [Post("1", ["Ann", "sings"], ["B-PER", "O"])]
    run = RunConfig(("PER",), 1, PartConfig("text_only"), PartConfig("bilstm"))
    tagger = new_tagger(run, posts, 0)
    with torch.no_grad():
        tagger.decoder.head.weight.zero_()
        tagger.decoder.head.bias.copy_(torch.tensor([0.2, 0.5, 0.3]).log())  # O, B-PER, I-PER
    [found], _ = predict(tagger, Inputs(posts, tagger), 64)
    assert found.predicted == ["B-PER", "B-PER"] and found.confidence == pytest.approx([0.5] * 2, abs=BF16)
    # Alone, the first is an entity if it is B- or I- and no I- comes; the second, if B-, or I- after O.
    assert found.entity_confidence == pytest.approx([0.8 * 0.7, 0.5 + 0.3 * 0.2], abs=BF16)


def test_a_post_of_many_images_is_computed_by_itself() -> None:
    posts = [Post(str(n), ["met", "Ann"], ["O", "B-PER"]) for n in range(20)]
    rows = [[1]] * 18 + [[], [2] * 100]
    inputs = Inputs(posts, new_tagger(run(), posts, 0), images=torch.zeros(3, 1, 4).numpy(), rows=rows)
    assert inputs.pieces(range(20), 64) == [list(range(19)), [19]]
    inputs = inputs.under(Condition("image", "shuffled"), seed=1)
    longest = max(range(20), key=lambda index: len(inputs.rows[index]))
    assert inputs.pieces(range(20), 64)[-1] == [longest]


def test_a_condition_makes_one_source_wrong() -> None:
    texts = ["a", "b", "", "c", "a"]
    posts = [Post(str(n), ["Ann"], ["O"], contexts={"caption": t} if t else {}) for n, t in enumerate(texts)]
    rows = [[1], [2, 3], [], [4], [1]]
    tagger, pixels = new_tagger(run(), posts, 0), torch.zeros(5, 1, 4).numpy()
    true = Inputs(posts, tagger, ("caption",), pixels, rows)
    image, caption = (true.under(Condition(name, "shuffled"), 1) for name in ("image", "caption"))
    assert sorted(image.rows) == sorted(rows) and image.texts == true.texts
    assert all(true_value != other for true_value, other in zip(rows, image.rows, strict=True)), (
        "two posts share an image"
    )
    found = [post.contexts.get("caption", "") for post in caption.posts]
    assert sorted(found) == sorted(texts) and caption.rows == rows
    assert all(true_value != other for true_value, other in zip(texts, found, strict=True))
    assert caption.texts == Inputs(caption.posts, tagger, ("caption",)).texts != true.texts
    assert true.under(Condition("image", "blank"), 1).rows == [[0], [0, 0], [], [0], [0]]
    assert true.under(Condition("caption", "blank"), 1).texts == Inputs(posts, tagger).texts
    assert true.under(TRUE, 1).rows == true.rows and true.posts == posts


@pytest.mark.parametrize("kind", ["bilstm", "transformer"])
def test_baselines_take_the_same_steps_whatever_they_read_beside_the_text(kind: str, tiny_bert: Path) -> None:
    posts = [
        Post(str(n), ["Ann"] * (1 + n % 5), ["O"] * (1 + n % 5), contexts={"caption": "met in Rome"})
        for n in range(9)
    ]
    encoder = PartConfig(kind, weights=pretrained(kind, tiny_bert))
    tagger = new_tagger(RunConfig(("PER",), 1, PartConfig("text_only"), encoder), posts, 0)
    text, caption = Inputs(posts, tagger), Inputs(posts, tagger, contexts=("caption",))
    images = Inputs(posts, tagger, images=torch.zeros(2, 1, 4).numpy(), rows=[[1] * n for n in range(9)])
    assert text.lengths == caption.lengths == images.lengths
    everything = list(range(9))
    assert max(map(len, text.pieces(everything, 40))) > max(map(len, caption.pieces(everything, 40)))


def test_a_step_in_pieces_is_the_step_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [
        Post(
            str(n),
            ["we", "met", f"Ann{n}"][: 1 + n % 3],
            ["O", "O", "B-PER"][: 1 + n % 3],
            contexts={"caption": "a " * n},
        )
        for n in range(8)
    ]
    write_posts(folder / "train.jsonl", posts)
    whole = run(epochs=3)
    still = PartConfig("bilstm", whole.text_encoder.options | {"dropout": 0.0})
    whole = replace(
        whole, contexts=("caption",), text_encoder=still, fusion=PartConfig("text_only", {"dropout": 0.0})
    )
    pieces: list[int] = []
    cut = Inputs.pieces

    def counted(self: Inputs, chosen: Sequence[int], max_units: int) -> list[list[int]]:
        pieces.append(len(cut(self, chosen, max_units)))
        return cut(self, chosen, max_units)

    def trained(method: Callable) -> tuple[list[Tensor], list[float]]:
        monkeypatch.setattr(Inputs, "pieces", method)
        with watched_steps() as gradients:
            train_run(whole, folder / "train.jsonl", folder / "dev.jsonl", None, folder, ABOUT)
        with (folder / "history.csv").open() as file:
            return gradients, [float(row["train_loss"]) for row in csv.DictReader(file)]

    in_pieces, losses = trained(counted)
    assert max(pieces) > 1
    at_once, expected = trained(lambda self, chosen, max_units: [list(chosen)])
    assert_same(in_pieces, at_once)
    assert losses == pytest.approx(expected, rel=PRECISION)
