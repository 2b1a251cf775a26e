"""Train as this project does, with the defaults of ``training.py``, text only."""

from pathlib import Path

from exchange import Predict, Splits, Task, answer

from mnerflow.compute.device import device, make_deterministic
from mnerflow.config import LearningRates, PartConfig, RunConfig, TrainingConfig
from mnerflow.models.tagger import new_tagger
from mnerflow.training.inputs import Inputs
from mnerflow.training.loop import Trainer
from mnerflow.training.meter import Meter
from mnerflow.training.predict import predict


def fit(task: Task, splits: Splits, folder: Path) -> Predict:
    settings = TrainingConfig(
        epochs=task.epochs,
        patience=task.epochs,
        batch_tokens=task.batch_tokens,
        learning_rate=LearningRates(text=task.encoder_rate, fusion=task.head_rate),
        checkpoint_seconds=1e9,
    )
    encoder = PartConfig("transformer", weights=task.weights)
    run = RunConfig(tuple(task.types), task.seed, PartConfig("text_only"), encoder, training=settings)
    make_deterministic(run.seed, 1)
    tagger = new_tagger(run, splits["train"], 0)
    inputs = {split: Inputs(posts, tagger) for split, posts in splits.items()}
    checkpoint = folder / "checkpoint.pt"
    Trainer(tagger, inputs["train"], inputs["dev"], settings, run.seed, Meter(device()), checkpoint).train()
    return lambda: [post.predicted for post in predict(tagger, inputs["test"], task.batch_tokens)[0]]


if __name__ == "__main__":
    answer(fit)
