"""Any timm model as an image encoder: its patch tokens or feature map, never only a pooled vector."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.layers.patch_embed import PatchEmbed
from torch import Tensor

from mnerflow.compute.memory import no_memory
from mnerflow.errors import UserError
from mnerflow.models.image_encoders import ImageEncoder, normalize, without_strides
from mnerflow.models.image_encoders._timm_weights import (
    RESERVED,
    PretrainedSettings,
    pretrained_settings,
)
from mnerflow.models.weight_checks import check_tensor


@dataclass(frozen=True)
class Config:
    """Options of a ``timm`` image encoder.

    Attributes:
        model: a name of ``timm.list_models()``, with or without the tag of its pretrained weights.
        arguments: what shapes the model (``patch_size``, ``depth``, …), passed to ``timm.create_model``.

    Raises ``UserError`` for arguments that do not shape it, such as ``pretrained``.
    """

    model: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if reserved := sorted(RESERVED & self.arguments.keys()):
            raise UserError(
                f"image encoder: its `arguments` set {reserved[0]!r}, which does not shape the model. Leave "
                "it out: `source` names the weights, and `size` the size of images."
            )


class Timm(ImageEncoder):
    """A timm model without its classifier."""

    model: Any  # a timm model, whose attributes have no types
    mean: Tensor
    std: Tensor

    def __init__(self, name: str, model: Any, settings: PretrainedSettings) -> None:
        super().__init__()
        self._name = f"image encoder: timm's {name!r}"
        self.model = without_strides(model.to(memory_format=torch.channels_last))
        self.d_model = model.num_features
        self.register_buffer("mean", torch.tensor(settings.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(settings.std).view(3, 1, 1), persistent=False)

    @classmethod
    def create(cls, config: Config, size: int, weights: Path | None) -> "Timm":
        """Build the model for ``size`` × ``size`` pixels, with weights from ``model.safetensors`` if any.

        Raises ``UserError`` for an unknown model, arguments that it does not take, weights of another model,
        a size that is no multiple of its patches, and as ``pretrained_settings`` does.
        """
        if not timm.is_model(config.model):
            raise UserError(
                f"image encoder: timm {timm.__version__} has no model {config.model!r}. Correct its `model`."
            )
        settings = pretrained_settings(config.model, weights)
        arguments = settings.arguments | config.arguments | {"num_classes": 0}
        try:
            if weights:
                state = _without_classifier(config.model, size, arguments, weights / "model.safetensors")
                for name, tensor in state.items():
                    check_tensor(weights / "model.safetensors", name, tensor)
                arguments |= {
                    "pretrained": True,
                    "pretrained_cfg_overlay": {"state_dict": state, "num_classes": 0},
                }
            model = _make(config.model, size, arguments)
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            if no_memory(error):
                raise
            said = " ".join(str(error).split())[:300]
            raise UserError(
                f"image encoder: timm's {config.model!r} cannot be made: {said}. Correct the encoder's "
                "`arguments`, or its `source` if the weights are of another model."
            ) from error
        model.pretrained_cfg.pop("state_dict", None)
        for part in (getattr(model, name, None) for name in ("patch_embed", "stem")):
            if not isinstance(part, PatchEmbed) or part.dynamic_img_pad:
                continue
            if any(size % side for side in part.patch_size):
                raise UserError(
                    f"image encoder: timm's {config.model!r} cuts patches of {part.patch_size[0]} pixels, "
                    f"and {size} is no multiple, so that it would not read the border. Choose another `size`."
                )
        return cls(config.model, model, settings)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map ``(images, height, width, 3)`` uint8 to ``(images, patches, d_model)``.

        Raises ``UserError`` for a model that returns no patches.
        """
        features = self.model.forward_features(normalize(pixels, self.mean, self.std))
        dimensions = features.dim() if isinstance(features, Tensor) else 0
        if dimensions not in (3, 4):
            raise UserError(f"{self._name}: what it computes are no patch vectors. Choose another model.")
        if dimensions == 3:
            # Tokens of the whole image come first. Most models say how many; else, patches form a square.
            untold = features.shape[1] - math.isqrt(features.shape[1]) ** 2
            patches = features[:, getattr(self.model, "num_prefix_tokens", untold) :]
        elif getattr(self.model, "output_fmt", "NCHW") == "NHWC":  # Swin and the like
            patches = features.flatten(1, 2)
        else:
            patches = features.flatten(2).transpose(1, 2)
        if patches.shape[1] < 2:
            raise UserError(
                f"{self._name}: of an image one vector stays, which is no patch. Raise `size`, or choose "
                "another model."
            )
        return patches


def _make(name: str, size: int, arguments: dict[str, Any]) -> Any:
    try:
        return timm.create_model(name, img_size=size, **arguments)
    except TypeError:  # convolutional networks take any size and reject the argument
        return timm.create_model(name, **arguments)


def _without_classifier(model: str, size: int, arguments: dict[str, Any], file: Path) -> dict[str, Tensor]:
    """Load the weights of a timm model without its classifier, which has no place here."""
    with torch.device("meta"):
        whole, bare = (_make(model, size, arguments | {"num_classes": classes}) for classes in (2, 0))
    classifier = whole.state_dict().keys() - bare.state_dict().keys()
    try:
        return {name: tensor for name, tensor in load_file(file).items() if name not in classifier}
    except (OSError, SafetensorError) as error:
        if no_memory(error):
            raise
        raise UserError(
            f"{file}: no weights can be read from this file ({error}). Fetch it again."
        ) from error
