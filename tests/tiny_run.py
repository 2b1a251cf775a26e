"""The smallest run with text and image that still learns: for tests that train it in a second."""

from dataclasses import replace
from pathlib import Path

from mnerflow.config import ImageConfig, LearningRates, PartConfig, RunConfig, TrainingConfig

CNN = ImageConfig("cnn", {"channels": [4, 4, 4, 4, 6], "stem": [3, 2]}, size=16, augment=True)
FROZEN = replace(CNN, frozen=True, augment=False)
RUN = RunConfig(
    entity_types=("PER",),
    seed=1,
    fusion=PartConfig("linear"),
    text_encoder=PartConfig("bilstm", {"d_word": 8, "d_character": 4, "hidden": 6, "min_count": 1}),
    image_encoder=CNN,
    training=TrainingConfig(
        epochs=3, batch_tokens=12, checkpoint_seconds=1e-9, learning_rate=LearningRates(text=0.01, image=0.01)
    ),
)


def pretrained(kind: str, folder: Path) -> str | None:
    """The folder of a text encoder's pretrained weights, ``None`` for a BiLSTM, which has none."""
    return None if kind == "bilstm" else str(folder)
