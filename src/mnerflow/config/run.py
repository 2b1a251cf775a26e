"""The configuration of one run, as dataclasses; the defaults of training stand here and nowhere else."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from mnerflow.conditions import IMAGE
from mnerflow.config.types import Fraction, Positive, Rate, Section, Share


@dataclass(frozen=True)
class LearningRates(Section):
    """Peak learning rate a part of the tagger.

    Attributes:
        text: of the text encoder.
        image: of the image encoder.
        fusion: of the fusion.
        decoder: of the decoder.
    """

    text: Rate = 2e-4
    image: Rate = 5e-4
    fusion: Rate = 2e-3
    decoder: Rate = 2e-3


@dataclass(frozen=True)
class TrainingConfig(Section):
    """How a tagger is trained.

    Attributes:
        epochs: most epochs.
        patience: epochs without a better dev score after which training stops.
        select: the dev score, a fraction of 1, that chooses the epoch to keep.
        min_gain: by how much a score must rise to count as better.
        batch_tokens: most padded subwords a step, of the posts' own words. Where contexts or several images
            make a step more expensive, it is computed in pieces of this size.
        learning_rate: peak learning rate a part of the tagger.
        warmup: share of all steps in which the learning rate rises; it then falls linearly to zero.
        clip: largest gradient norm.
        weight_decay: of weight matrices; norms, biases and embeddings are left alone.
        threads: processor threads; part of what makes predictions the same byte by byte.
        checkpoint_seconds: how much work a killed job loses at most; up to ten times as much where
            checkpoints would take more than a fiftieth of the time.
    """

    epochs: Positive = 5
    patience: Positive = 3
    select: Literal["entity_f1", "token_macro_f1"] = "entity_f1"
    min_gain: Annotated[float, Field(ge=0, le=0.1)] = 1e-4
    batch_tokens: Positive = 1024
    learning_rate: LearningRates = field(default_factory=LearningRates)
    warmup: Share = 0.1
    clip: Annotated[float, Field(gt=0)] = 1.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    threads: Positive = 1
    checkpoint_seconds: Annotated[float, Field(gt=0)] = field(default=60.0, compare=False, repr=False)


@dataclass(frozen=True)
class PartConfig:
    """A text encoder, image encoder, fusion or decoder: the class that it is, its options, where weights lie.

    Attributes:
        kind: name of the file that holds the class.
        options: what that class lets one set.
        weights: folder of pretrained weights, or nothing.
    """

    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    weights: str | None = None


@dataclass(frozen=True)
class ImageConfig(PartConfig):
    """An image encoder: besides, how it reads images.

    Attributes:
        size: pixels a side.
        frozen: keep its weights as they are and compute each image's patch vectors only once.
        augment: mirror and move training images at random; not for a frozen encoder.
    """

    size: int = 224
    frozen: bool = False
    augment: bool = False


@dataclass(frozen=True)
class VisionLanguageConfig(PartConfig):
    """A vision-language encoder: besides, how it sees images.

    Attributes:
        size: pixels a side; 0 where it is shown none, as in a run that reads the text alone.
    """

    size: int = 0


@dataclass(frozen=True)
class RunConfig:
    """One training run: everything that its weights depend on, besides data and code.

    Attributes:
        entity_types: the data set's tag scheme.
        text_encoder: nothing in an image-only run.
        image_encoder: nothing in a text-only run.
        vision_language_encoder: reads both text and image, instead of the other two.
        contexts: named texts beside the post's own that the text encoder reads with it, in order.
        context_length: most units of all contexts together, subwords or a BiLSTM's words; what is longer is
            cut. 0 stands for a quarter of what a transformer reads at once, and for all words of a BiLSTM.
        train_with: conditions, such as ``image.shuffled``, that training and the choice of the epoch see.
        train_fraction: share of the training posts that it learns from, drawn by the seed.
        init_from: saved model of another run, whose encoders and head training starts from.
    """

    entity_types: tuple[str, ...]
    seed: int
    fusion: PartConfig
    text_encoder: PartConfig | None = None
    image_encoder: ImageConfig | None = None
    vision_language_encoder: VisionLanguageConfig | None = None
    contexts: tuple[str, ...] = ()
    context_length: int = 0
    decoder: PartConfig = field(default_factory=lambda: PartConfig("softmax"))
    train_with: tuple[str, ...] = ()
    train_fraction: Fraction = 1.0
    init_from: str | None = None
    training: TrainingConfig = field(default_factory=TrainingConfig)

    @property
    def encoders(self) -> tuple[PartConfig, ...]:
        """The encoders that it has."""
        parts = (self.text_encoder, self.image_encoder, self.vision_language_encoder)
        return tuple(part for part in parts if part is not None)

    @property
    def image_size(self) -> int:
        """Pixels a side of the images that it reads; 0 where it reads none."""
        part = self.image_encoder or self.vision_language_encoder
        return part.size if part else 0

    @property
    def trains_images(self) -> bool:
        """Whether an image encoder reads pixels in each step, and not features that were computed before."""
        return self.image_encoder is not None and not self.image_encoder.frozen

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads besides the text: its image, and contexts by name."""
        return (*([IMAGE] if self.image_size else []), *self.contexts)
