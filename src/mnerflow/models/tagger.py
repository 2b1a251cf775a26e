"""The tagger: text encoder, image encoder, fusion, decoder; each replaceable, each a file."""

import json
from collections.abc import Sequence
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mnerflow.config import ImageConfig, PartConfig, RunConfig, build
from mnerflow.data.post import Post
from mnerflow.data.tags import tag_list
from mnerflow.errors import UserError
from mnerflow.files import atomic_path
from mnerflow.models.batch import Batch
from mnerflow.models.decoders import Decoder
from mnerflow.models.fusions import Fusion, Sizes
from mnerflow.models.image_encoders import Features, ImageEncoder
from mnerflow.models.image_encoders.augment import Augment
from mnerflow.models.text_encoders import TextEncoder

T = TypeVar("T")


class Tagger(nn.Module):
    """Predicts a tag for every word of a post from its text, its images, or both."""

    def __init__(
        self,
        text_encoder: TextEncoder | None,
        image_encoder: ImageEncoder | None,
        fusion: Fusion,
        decoder: Decoder,
        augment: bool = False,
    ) -> None:
        super().__init__()
        self.augment = Augment() if augment else nn.Identity()
        self.text_encoder = text_encoder
        self.image_encoder = image_encoder
        self.fusion = fusion
        self.decoder = decoder

    def forward(self, batch: Batch) -> Tensor:
        """Return emissions ``(batch, words, tags)``."""
        words = patches = patch_mask = None
        if self.text_encoder is not None:
            words = self.text_encoder(batch.text)
        if self.image_encoder is not None:
            posts, images = batch.image_mask.shape
            encoded = self.image_encoder(self.augment(batch.images.flatten(0, 1)))
            patches = encoded.reshape(posts, images * encoded.shape[1], encoded.shape[2])
            patch_mask = batch.image_mask.repeat_interleave(encoded.shape[1], dim=1)
        return self.fusion(words, batch.word_mask, patches, patch_mask)

    def loss(self, batch: Batch) -> Tensor:
        """Mean loss a word."""
        return self.decoder.loss(self(batch), batch.labels, batch.word_mask)

    def tags_of(self, emissions: Tensor, word_mask: Tensor) -> list[list[str]]:
        """Decode emissions ``(batch, words, tags)`` into the tags of every post's words."""
        chosen = self.decoder.decode(emissions, word_mask).tolist()
        lengths = word_mask.sum(1).tolist()
        return [
            [self.decoder.tags[index] for index in row[:length]]
            for row, length in zip(chosen, lengths, strict=True)
        ]

    def save(self, path: Path) -> None:
        """Write all weights and what the text encoder needs besides as one safetensors file, atomically."""
        metadata = {"tags": self.decoder.tags}
        if self.text_encoder:
            metadata |= self.text_encoder.metadata()
        with atomic_path(path) as temporary:
            try:
                save_file(
                    {name: tensor.contiguous() for name, tensor in self.state_dict().items()},
                    temporary,
                    # One entry, since safetensors writes several in random order.
                    metadata={"mnerflow": json.dumps(metadata, ensure_ascii=False)},
                )
            except SafetensorError as error:  # its word for a full disk
                raise OSError(str(error)) from error


def new_tagger(run: RunConfig, posts: Sequence[Post], d_feature: int) -> Tagger:
    """Make the tagger as training starts from it: pretrained encoders, random fusion.

    Args:
        run: the run's configuration.
        posts: the training posts, from which a vocabulary is made.
        d_feature: vector size of precomputed image features; 0 when the image encoder reads pixels.
    """
    text_encoder = None
    if run.text_encoder is not None:
        cls, config, weights = _encoder("text_encoders", run.text_encoder, TextEncoder)
        text_encoder = cls.create(config, weights, posts)
    return _assemble(run, text_encoder, d_feature)


def load_tagger(run: RunConfig, path: Path, d_feature: int) -> Tagger:
    """Make the tagger whose weights ``Tagger.save`` wrote; raises ``UserError`` when they do not fit."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads(file.metadata()["mnerflow"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, TypeError, KeyError) as error:
        raise UserError(f"{path}: not a readable model ({error}). Delete it and run again.") from error
    text_encoder = None
    try:
        if run.text_encoder is not None:
            cls, config, weights = _encoder("text_encoders", run.text_encoder, TextEncoder)
            text_encoder = cls.restore(config, weights, metadata)
        tagger = _assemble(run, text_encoder, d_feature)
        tagger.load_state_dict(state)
    except (KeyError, RuntimeError) as error:  # metadata of another encoder, or weights that do not fit
        raise UserError(
            f"{path}: weights of another configuration. Delete the file and run again."
        ) from error
    return tagger


def new_image_encoder(image: ImageConfig) -> ImageEncoder:
    """Make an image encoder from its configuration, pretrained where that names weights."""
    cls, config, weights = _encoder("image_encoders", image, ImageEncoder)
    return cls.create(config, image.size, weights)


def _assemble(run: RunConfig, text_encoder: TextEncoder | None, d_feature: int) -> Tagger:
    image_encoder = None
    if run.image_encoder is not None:
        image_encoder = Features(d_feature) if d_feature else new_image_encoder(run.image_encoder)
    tags = tag_list(run.entity_types)
    sizes = Sizes(
        text_encoder.d_model if text_encoder else 0, image_encoder.d_model if image_encoder else 0, len(tags)
    )
    fusion = load_class("fusions", run.fusion.kind, Fusion)
    try:
        fusion = fusion(sizes, **run.fusion.options)
    except (TypeError, ValueError, AssertionError) as error:  # torch asserts that heads divide sizes
        raise UserError(
            f"fusion {run.fusion.kind!r}: {error}. See its constructor for the options."
        ) from error
    decoder = load_class("decoders", run.decoder, Decoder)(tags)
    augment = run.image_encoder is not None and run.image_encoder.augment
    return Tagger(text_encoder, image_encoder, fusion, decoder, augment)


def _encoder(package: str, part: PartConfig, base: type[T]) -> tuple[type[T], Any, Path | None]:
    cls = load_class(package, part.kind, base)
    config = build(import_module(cls.__module__).Config, part.options, f"{package}: {part.kind}")
    return cls, config, Path(part.weights) if part.weights else None


def load_class(package: str, kind: str, base: type[T]) -> type[T]:
    """The one subclass of ``base`` that the file ``mnerflow/models/<package>/<kind>.py`` defines."""
    name = f"mnerflow.models.{package}.{kind}"
    module = import_module(name)
    for _, cls in getmembers(module, isclass):
        if issubclass(cls, base) and cls.__module__ == name:
            return cls
    raise UserError(f"{kind!r}: mnerflow/models/{package}/{kind}.py defines no {base.__name__}.")
