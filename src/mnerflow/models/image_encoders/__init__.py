"""Image encoders: one class per file, named after the `kind` of the configuration."""

import copy
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, autograd, nn

from mnerflow.compute.memory import no_memory
from mnerflow.config import ImageConfig
from mnerflow.errors import UserError
from mnerflow.log import logger
from mnerflow.models.parts import load_encoder, options_of

SMALL = 4_000_000  # weights; a larger encoder is rehearsed with shapes only


class ImageEncoder(nn.Module):
    """Maps images to patch vectors of size ``d_model``."""

    d_model: int

    @classmethod
    def create(cls, config: Any, size: int, weights: Path | None) -> Self:
        """Build the encoder for ``size`` × ``size`` pixels, pretrained if there is a weights folder."""
        raise NotImplementedError

    def forward(self, pixels: Tensor) -> Tensor:
        """Map ``(images, height, width, 3)`` uint8 to ``(images, patches, d_model)``."""
        raise NotImplementedError


def new_image_encoder(image: ImageConfig) -> ImageEncoder:
    """Build an image encoder from its configuration, pretrained if that names weights.

    Raises ``UserError`` if it cannot be built from its options and weights, or cannot encode or learn from
    one image of the configured size.
    """
    cls, config, weights = load_encoder("image_encoders", image, ImageEncoder)
    with options_of(f"image encoder {image.kind!r}"):
        encoder = cls.create(config, image.size, weights)
    _rehearse(encoder, image)
    return encoder


def _rehearse(encoder: ImageEncoder, image: ImageConfig) -> None:
    """Encode one image, and compute gradients if the encoder is trained.

    A large encoder does this with shapes instead of numbers. That takes no memory, but loads torch's
    compiler, which takes two seconds. Weights, statistics and random state are unchanged. The log names the
    weights that no gradient reaches. Raises ``UserError`` if the encoder fails.
    """
    tensors = (*encoder.parameters(), *encoder.buffers())
    shapes, place = {}, next((tensor.device for tensor in tensors), torch.device("cpu"))
    if sum(tensor.numel() for tensor in tensors) > SMALL:
        place = torch.device("meta")
        shapes = {
            id(tensor): torch.empty_like(tensor, device=place).requires_grad_(tensor.requires_grad)
            for tensor in tensors
        }
    encoder = copy.deepcopy(encoder, shapes).train(not image.frozen)
    pixels = torch.zeros(1, image.size, image.size, 3, dtype=torch.uint8, device=place)
    weights = {} if image.frozen else dict(encoder.named_parameters())
    trained = {name: weight for name, weight in weights.items() if weight.requires_grad}
    try:
        with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(bool(trained)):
            patches = encoder(pixels)
            gradients = (
                autograd.grad(patches.sum(), [*trained.values()], allow_unused=True) if trained else ()
            )
    except UserError:
        raise
    except Exception as error:  # models of others fail with many kinds of errors
        if no_memory(error):
            raise
        if "meta" in str(error).lower():  # it needs actual numbers, so nothing is known
            return
        raise UserError(
            f"image encoder {image.options.get('model', image.kind)!r}: it fails on a single image of "
            f"{image.size} × {image.size} pixels ({error}). Choose another `size` or model"
            f"{', or set `frozen: true`' if trained else ''}."
        ) from error
    if idle := [name for name, gradient in zip(trained, gradients, strict=False) if gradient is None]:
        logger.info("image encoder %r: no patch depends on these weights: %s", image.kind, ", ".join(idle))


class Features(ImageEncoder):
    """Takes the place of a frozen encoder whose patch vectors were computed before training."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.d_model = d_model

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the stored fp16 features in fp32: not all hardware has autocast to mix the two."""
        return pixels.float()


def normalize(pixels: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Scale uint8 ``(images, height, width, 3)`` to 0..1, subtract ``mean`` and divide by ``std``.

    ``mean`` and ``std`` are ``(3, 1, 1)``. Returns fp32 ``(images, 3, height, width)``, with channels last in
    memory, the layout that suits convolutions.
    """
    return (pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std


def without_strides(model: nn.Module) -> nn.Module:
    """Feed a model's strided 1 × 1 convolutions of few channels only the pixels that they read.

    For 2 to 15 channels stored last, oneDNN writes out of bounds in the gradient of such a convolution.
    """
    for convolution in model.modules():
        if not isinstance(convolution, nn.Conv2d) or convolution.in_channels > 15:
            continue
        if (
            convolution.kernel_size == (1, 1)
            and convolution.padding == (0, 0)
            and max(convolution.stride) > 1
        ):
            convolution.register_forward_pre_hook(partial(_every, convolution.stride))
            convolution.stride = (1, 1)
    return model


def _every(stride: tuple[int, ...], _: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0][:, :, :: stride[0], :: stride[1]],)
