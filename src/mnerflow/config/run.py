"""The configuration of one run, as dataclasses; the defaults of training are defined only here."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from mnerflow.conditions import IMAGE
from mnerflow.config.types import Fraction, Positive, Rate, Section, Share


@dataclass(frozen=True)
class LearningRates(Section):
    """Peak learning rate of each part of the tagger.

    Attributes:
        text: peak learning rate of the text encoder.
        image: peak learning rate of the image encoder.
        fusion: peak learning rate of the fusion.
        decoder: peak learning rate of the decoder.
    """

    text: Rate = 2e-4
    image: Rate = 5e-4
    fusion: Rate = 2e-3
    decoder: Rate = 2e-3


@dataclass(frozen=True)
class TrainingConfig(Section):
    """How a tagger is trained.

    Attributes:
        epochs: maximum number of epochs.
        patience: number of epochs without a better dev score after which training stops.
        select: dev score, a fraction of 1, that chooses the epoch to keep.
        min_gain: smallest rise of that score that counts as better.
        batch_tokens: maximum number of padded subwords per step, counting only the posts' own words. Where
            contexts or several images make a step more expensive, it is computed in pieces of this size.
        learning_rate: peak learning rate of each part of the tagger.
        warmup: share of all steps in which the learning rate rises; it then falls linearly to zero.
        clip: maximum gradient norm.
        weight_decay: weight decay of weight matrices; norms, biases and embeddings have none.
        threads: number of processor threads; byte-identical predictions need the same number.
        checkpoint_seconds: most work that a killed job loses, in seconds. It is up to ten times as much where
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
    """A text encoder, image encoder, fusion or decoder: its class, its options and its pretrained weights.

    Attributes:
        kind: name of the file that defines the class.
        options: keyword arguments of that class.
        weights: folder of pretrained weights, if there are any.
    """

    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    weights: str | None = None


@dataclass(frozen=True)
class ImageConfig(PartConfig):
    """An image encoder, and how it reads images.

    Attributes:
        size: side of the square images, in pixels.
        frozen: keep the weights as they are and compute each image's patch vectors only once.
        augment: mirror and shift training images at random; not for a frozen encoder.
    """

    size: int = 224
    frozen: bool = False
    augment: bool = False


@dataclass(frozen=True)
class VisionLanguageConfig(PartConfig):
    """A vision-language encoder, and how it sees images.

    Attributes:
        size: side of the square images, in pixels; 0 where it sees none, as in a run that reads only text.
    """

    size: int = 0


@dataclass(frozen=True)
class RunConfig:
    """One training run: everything that its weights depend on, besides data and code.

    Attributes:
        entity_types: entity types of the data set.
        text_encoder: ``None`` in an image-only run.
        image_encoder: ``None`` in a text-only run.
        vision_language_encoder: reads both text and image, instead of the other two.
        contexts: named texts that the text encoder reads with the post, in this order.
        context_length: maximum number of units of all contexts together; units are subwords, or words for a
            BiLSTM. They share it equally, and longer contexts are cut. 0 stands for a quarter of what a
            transformer reads at once, and for no limit with a BiLSTM.
        train_with: conditions, such as ``image.shuffled``, that training and the choice of the epoch see.
        train_fraction: share of the training posts that it learns from, drawn by the seed.
        init_from: saved model of another run; training starts from its encoders and head.
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
        """The run's encoders."""
        parts = (self.text_encoder, self.image_encoder, self.vision_language_encoder)
        return tuple(part for part in parts if part is not None)

    @property
    def image_size(self) -> int:
        """Side of the images that it reads, in pixels; 0 where it reads none."""
        part = self.image_encoder or self.vision_language_encoder
        return part.size if part else 0

    @property
    def trains_images(self) -> bool:
        """Whether an image encoder reads pixels in each step instead of precomputed features."""
        return self.image_encoder is not None and not self.image_encoder.frozen

    @property
    def sources(self) -> tuple[str, ...]:
        """What the run reads besides the text: its image, and contexts by name."""
        return (*([IMAGE] if self.image_size else []), *self.contexts)
