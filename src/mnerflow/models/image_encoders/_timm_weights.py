"""How the weights of a timm model were trained, which their file does not say."""

import math
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any

import timm

from mnerflow.errors import UserError
from mnerflow.files.json_text import read_json

# Arguments of ``timm.create_model`` that name weights, or the size of images, and do not shape the model.
RESERVED = {*signature(timm.create_model).parameters, "img_size"}


@dataclass(frozen=True)
class PretrainedSettings:
    """Settings that change the patch vectors but are not stored with the weights.

    Attributes:
        mean: values subtracted from the three channels of pixels in 0..1.
        std: values that the channels are then divided by.
        arguments: arguments of ``timm.create_model`` that the model was built with.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    arguments: dict[str, Any] = field(default_factory=dict)


def pretrained_settings(name: str, weights: Path | None) -> PretrainedSettings:
    """Settings from timm's ``config.json`` beside the weights, else from timm for the model ``name``.

    Raises ``UserError`` for a tag that timm does not know, and if the two contradict each other or do not say
    how pixels are normalized.
    """
    model, _, tag = name.partition(".")
    try:
        known = timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        tags = ", ".join(timm.list_pretrained(f"{model}.*")) or "none"
        raise UserError(f"image encoder: {error} Choose one that timm knows: {tags}.") from error
    if known is None:
        raise UserError(
            f"image encoder: timm does not say how weights of {name!r} normalise pixels. Choose another."
        )
    declared = PretrainedSettings(known.mean, known.std)
    if weights is None:
        return declared
    file = weights / "config.json"
    described = _described(file)
    if described is None:
        names = timm.list_pretrained(f"{model}.*")
        if not tag and len({(cfg.mean, cfg.std) for cfg in map(timm.get_pretrained_cfg, names) if cfg}) > 1:
            raise UserError(
                f"{weights}: no config.json of timm's says how these weights of {model!r} normalise pixels, "
                f"in which they differ. Set the encoder's `model` to their full name: {', '.join(names)}."
            )
        return declared
    architecture, its_tag, its = described
    if architecture != model and timm.is_model(architecture):
        raise UserError(
            f"{file}: these are weights of timm's {architecture!r}, but the image encoder's `model` is "
            f"{model!r}. Correct it, or the `source`."
        )
    if tag and (its_tag != tag if its_tag else (its.mean, its.std) != (declared.mean, declared.std)):
        raise UserError(
            f"{file}: these weights are {its_tag or 'normalised differently'!r}, but the encoder's `model` "
            f"is {name!r}. Set it to {model!r} to take the weights as they are, or correct the `source`."
        )
    return its


def _described(file: Path) -> tuple[str, str, PretrainedSettings] | None:
    """Architecture, tag and settings in timm's ``config.json``; ``None`` if it is missing or not timm's.

    Raises ``UserError`` if it cannot be read.
    """
    if not file.exists():
        return None
    told = read_json(file)
    if not isinstance(told, dict) or not isinstance(told.get("architecture"), str):
        return None
    try:
        pretrained = told.get("pretrained_cfg", told)  # older files have a single level
        mean, std = (tuple(map(float, pretrained[key])) for key in ("mean", "std"))
        if len(mean) != 3 or len(std) != 3 or not all(map(math.isfinite, mean + std)) or min(std) <= 0:
            raise ValueError("three numbers each, those of `std` above 0")
        arguments = {key: value for key, value in told.get("model_args", {}).items() if key not in RESERVED}
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise UserError(
            f"{file}: not as timm writes it, with `mean` and `std` in `pretrained_cfg`, and `model_args` "
            f"({error!r}). Fetch it again from where the weights came from."
        ) from error
    return told["architecture"], str(pretrained.get("tag") or ""), PretrainedSettings(mean, std, arguments)
