"""The configuration of one run, as dataclasses; the defaults of training stand here and nowhere else."""

from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from mnerflow.errors import UserError, suggest
from mnerflow.finite import is_finite

T = TypeVar("T")


@dataclass(frozen=True)
class LearningRates:
    """Peak learning rate a part of the tagger."""

    text: float = 2e-4
    image: float = 5e-4
    fusion: float = 2e-3
    decoder: float = 2e-3


@dataclass(frozen=True)
class TrainingConfig:
    """How a tagger is trained.

    Attributes:
        epochs: most epochs.
        patience: epochs without a better dev score after which training stops.
        select: the dev score, a fraction of 1, that chooses the epoch to keep.
        min_gain: by how much a score must rise to count as better.
        batch_tokens: most padded subwords a step, of the posts' own words. Where contexts or several images
            make a step dearer, it is computed in pieces of this size.
        warmup: share of all steps in which the learning rate rises; it then falls linearly to zero.
        clip: largest gradient norm.
        weight_decay: of weight matrices; norms, biases and embeddings are left alone.
        threads: processor threads; part of what makes predictions the same byte by byte.
        checkpoint_seconds: how much work a killed job loses at most; up to ten times as much where
            checkpoints would take more than a fiftieth of the time.
    """

    epochs: int = 5
    patience: int = 3
    select: str = "entity_f1"
    min_gain: float = 1e-4
    batch_tokens: int = 1024
    learning_rate: LearningRates = field(default_factory=LearningRates)
    warmup: float = 0.1
    clip: float = 1.0
    weight_decay: float = 0.01
    threads: int = 1
    checkpoint_seconds: float = field(default=60.0, compare=False, repr=False)  # changes no result


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
class RunConfig:
    """One training run: everything that its weights depend on, besides data and code.

    Attributes:
        entity_types: the data set's tag scheme.
        text_encoder: nothing in an image-only run.
        image_encoder: nothing in a text-only run.
        contexts: named texts beside the post's own that the text encoder reads with it, in order.
        context_length: most units of all contexts together, subwords or a BiLSTM's words; what is longer is
            cut. 0 stands for a quarter of what a transformer reads at once, and for all words of a BiLSTM.
        init_from: saved model of another run, whose encoders and head training starts from.
    """

    entity_types: tuple[str, ...]
    seed: int
    fusion: PartConfig
    text_encoder: PartConfig | None = None
    image_encoder: ImageConfig | None = None
    contexts: tuple[str, ...] = ()
    context_length: int = 0
    decoder: PartConfig = field(default_factory=lambda: PartConfig("softmax"))
    init_from: str | None = None
    training: TrainingConfig = field(default_factory=TrainingConfig)


def build(cls: type[T], values: dict[str, Any], place: str) -> T:
    """Make a configuration dataclass, and those inside it, from plain values; lists become tuples.

    Raises ``UserError`` naming ``place`` and the key that is unknown (with the nearest known one),
    missing or of another type.
    """
    types = get_type_hints(cls, include_extras=True)
    arguments = {}
    for key, value in values.items():
        if key not in types:
            raise UserError(f"{place}: unknown key {key!r}{suggest(key, types)}. Known: {', '.join(types)}.")
        if not _fits(value, types[key]):
            raise UserError(f"{place}.{key}: {value!r} is not {_meaning(types[key])}.")
        inner = next((kind for kind in (types[key], *get_args(types[key])) if is_dataclass(kind)), None)
        if inner and isinstance(value, dict):
            value = build(inner, value, f"{place}.{key}")
        elif inner and not isinstance(value, (inner, *get_args(types[key]))):
            known = ", ".join(get_type_hints(inner))
            raise UserError(f"{place}.{key}: {value!r} are no settings. Known: {known}.")
        arguments[key] = tuple(value) if isinstance(value, list) else value
    try:
        return cls(**arguments)
    except TypeError as error:
        raise UserError(f"{place}: {error}.") from error


def plain(config: Any) -> Any:
    """A configuration dataclass as the plain values that YAML knows, of which ``build`` makes it again."""
    return _lists(asdict(config))


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(inner) for key, inner in value.items()}
    return [_lists(inner) for inner in value] if isinstance(value, list | tuple) else value


def _fits(value: Any, kind: Any) -> bool:
    """Whether a plain value is of a plain type, ``Annotated[type, least, most]`` within these; what other
    types allow, their users say."""
    if get_origin(kind) is Annotated:
        plain_kind, least, most = get_args(kind)
        return _fits(value, plain_kind) and least <= value <= most
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if kind in (bool, str):
        return isinstance(value, kind)
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool) and is_finite(value)
    return True


def _meaning(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        plain_kind, least, most = get_args(kind)
        return f"{_meaning(plain_kind)}, from {least} to {most}"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(repr, get_args(kind)))}"
    return {bool: "true or false", str: "text", int: "a whole number", float: "a number such as 1.0e-3"}[kind]
