"""The tagger: an encoder, a fusion and a decoder, each in a file of its own and replaceable."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mnerflow.compute.memory import no_memory
from mnerflow.config import RunConfig
from mnerflow.data.post import Post
from mnerflow.data.tags import tag_list
from mnerflow.errors import UserError
from mnerflow.files.writing import atomic_path
from mnerflow.models.batch import Batch
from mnerflow.models.decoders import Decoder
from mnerflow.models.dropout import replace_dropout
from mnerflow.models.encoder import Encoder
from mnerflow.models.fusions import Fusion, Sizes
from mnerflow.models.image_encoders import Features, new_image_encoder
from mnerflow.models.init_from import start_from
from mnerflow.models.parts import load_encoder, options_of
from mnerflow.models.text_encoders import TextEncoder
from mnerflow.models.two_towers import TwoTowers
from mnerflow.models.vision_language_encoders import VisionLanguageEncoder
from mnerflow.models.weight_checks import check_tensor
from mnerflow.registry import load_class

SEAL = "sha256"


class Tagger(nn.Module):
    """Predicts a tag for every word of a post from its text, its images, or both."""

    def __init__(
        self,
        encoder: Encoder,
        fusion: Fusion,
        decoder: Decoder,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.fusion = fusion
        self.decoder = decoder
        replace_dropout(self)

    def forward(self, batch: Batch) -> Tensor:
        """Compute the decoder's scores ``(batch, words, …)``."""
        encoded = self.encoder(batch, self.fusion.prefix)
        return self.decoder(self.fusion(encoded.words, batch.word_mask, encoded.patches, encoded.patch_mask))

    def loss(self, batch: Batch) -> Tensor:
        """Mean loss per word, a scalar."""
        return self.decoder.loss(self(batch), batch.labels, batch.word_mask)

    def cast_layers(self, dtype: torch.dtype) -> None:
        """Convert the layers that can compute in ``dtype`` throughout, weights included.

        The other layers still compute under autocast. Converting to fp32 undoes this, but not the rounding of
        the weights.
        """
        self.encoder.cast_layers(dtype)

    def trained_state(self) -> dict[str, Tensor]:
        """The state without frozen weights, which are read again from their source.

        A weight that several layers share appears once, under its first name.
        """
        weights = dict(self.named_parameters(remove_duplicate=False))
        left_out = {name for name, weight in weights.items() if not weight.requires_grad}
        left_out |= weights.keys() - dict(self.named_parameters()).keys()
        return {
            name: tensor
            for name, tensor in self.state_dict().items()
            # A frozen 4-bit weight comes with its scales, such as `….weight.absmax`.
            if name not in left_out and name.rpartition(".weight.")[0] + ".weight" not in left_out
        }

    def load_trained_state(self, state: dict[str, Tensor]) -> None:
        """Load a state from ``trained_state``; raises ``RuntimeError`` if names or shapes differ."""
        if state.keys() != self.trained_state().keys():
            raise RuntimeError("weights of another configuration")
        self.load_state_dict(state, strict=False)

    def save(self, path: Path) -> None:
        """Write the trained weights, the encoder's metadata and a checksum into one safetensors file."""
        metadata = {"tags": self.decoder.tags} | self.encoder.metadata()
        state = {name: tensor.contiguous() for name, tensor in self.trained_state().items()}
        # Within the metadata, because nothing may follow the tensors of a safetensors file.
        metadata[SEAL] = _checksum(state, metadata)
        with atomic_path(path) as temporary:
            try:
                # One entry, since safetensors writes several in random order.
                save_file(state, temporary, metadata={"mnerflow": json.dumps(metadata, ensure_ascii=False)})
            except SafetensorError as error:  # raised for a full disk
                raise OSError(str(error)) from error


def new_tagger(run: RunConfig, posts: Sequence[Post], d_feature: int) -> Tagger:
    """Build the tagger that training starts from: pretrained encoders, random fusion and decoder.

    If the run starts from another one (``init_from``), that run's weights are copied into it. Raises
    ``UserError`` if a part cannot be built from its options, its weights or its inputs.

    Args:
        run: the run's configuration.
        posts: the training posts, from which a vocabulary is built and a decoder may count tags.
        d_feature: vector size of precomputed image features; 0 if the image encoder reads pixels.
    """
    learnt, metadata = _read(Path(run.init_from)) if run.init_from else ({}, {})
    # An encoder that saved nothing of its own is made and tried like that of any other run.
    restored = {name: value for name, value in metadata.items() if name != "tags"} or None
    tagger = _assemble(run, _encoder(run, posts, restored, d_feature))
    if run.init_from:
        start_from(tagger.trained_state(), tagger.decoder, learnt, metadata["tags"])
    tagger.decoder.collect_label_statistics([[post.labels[index] for index in post.kept] for post in posts])
    return tagger


def load_tagger(run: RunConfig, path: Path, d_feature: int) -> Tagger:
    """Load the tagger that ``Tagger.save`` wrote; raises ``UserError`` if its weights do not fit the run."""
    state, metadata = _read(path)
    try:
        tagger = _assemble(run, _encoder(run, (), metadata, d_feature))
        tagger.load_trained_state(state)
    except (KeyError, RuntimeError) as error:  # metadata of another encoder, or weights that do not fit
        if no_memory(error):
            raise
        raise UserError(
            f"{path}: weights of another configuration. Delete the file and run again."
        ) from error
    return tagger


def _encoder(
    run: RunConfig, posts: Sequence[Post], metadata: dict[str, Any] | None, d_feature: int
) -> Encoder:
    """The run's encoder as saved with ``metadata``, or without metadata a new one for training ``posts``."""
    if both := run.vision_language_encoder:
        cls, config, weights = load_encoder("vision_language_encoders", both, VisionLanguageEncoder)
        with options_of(f"vision-language encoder {both.kind!r}"):
            if metadata is None:
                return cls.create(config, both.size, weights)
            return cls.restore(config, both.size, weights, metadata)
    image = None
    text = _text_encoder(run, posts, metadata)
    if run.image_encoder is not None:
        image = Features(d_feature) if d_feature else new_image_encoder(run.image_encoder)
    return TwoTowers(text, image, run.image_encoder is not None and run.image_encoder.augment)


def _text_encoder(
    run: RunConfig, posts: Sequence[Post], metadata: dict[str, Any] | None
) -> TextEncoder | None:
    if run.text_encoder is None:
        return None
    cls, config, weights = load_encoder("text_encoders", run.text_encoder, TextEncoder)
    with options_of(f"text encoder {run.text_encoder.kind!r}"):
        if metadata is None:
            return cls.create(config, weights, posts)
        return cls.restore(config, weights, metadata)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the state and the metadata of a saved tagger; raises ``UserError`` if the file is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads(file.metadata()["mnerflow"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        seal = metadata.pop(SEAL, None)  # older runs have none
    except (OSError, SafetensorError, TypeError, KeyError, ValueError, AttributeError) as error:
        if no_memory(error):
            raise
        raise UserError(f"{path}: not a readable model ({error}). Delete it and run again.") from error
    if seal and seal != _checksum(state, metadata):
        raise UserError(f"{path}: damaged: its checksum is another. Delete it and run again.")
    for name, tensor in state.items():
        check_tensor(path, name, tensor)
    return state, metadata


def _checksum(state: dict[str, Tensor], metadata: dict[str, Any]) -> str:
    """SHA-256 of everything that a saved tagger contains."""
    digest = hashlib.sha256(json.dumps(metadata).encode())
    for name, tensor in sorted(state.items()):
        digest.update(f"{name} {tensor.dtype} {[*tensor.shape]}".encode())
        digest.update(tensor.cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _assemble(run: RunConfig, encoder: Encoder) -> Tagger:
    tags = tag_list(run.entity_types)
    sizes = Sizes(encoder.d_word, encoder.d_patch, len(tags), encoder.prefix_shape)
    fuse = load_class("models.fusions", run.fusion.kind, Fusion)
    given = encoder.inputs
    if fuse.inputs != given and not (encoder.joint and fuse.inputs == ("joint",)):
        raise UserError(
            f"fusion {run.fusion.kind!r}: it reads {' and '.join(fuse.inputs)}, but is given "
            f"{' and '.join(given) or 'neither text nor image'}. Correct its `inputs`."
        )
    with options_of(f"fusion {run.fusion.kind!r}"):
        fusion = fuse(sizes, **run.fusion.options)
    if not hasattr(fusion, "d_model"):
        raise UserError(
            f"fusion {run.fusion.kind!r}: it does not say how long the vectors are that it gives. Set "
            "`self.d_model`."
        )
    decode = load_class("models.decoders", run.decoder.kind, Decoder)
    with options_of(f"decoder {run.decoder.kind!r}"):
        decoder = decode(fusion.d_model, tags, **run.decoder.options)
    return Tagger(encoder, fusion, decoder)
