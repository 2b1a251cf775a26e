"""The encoders of a configuration, and which of them a run uses."""

from typing import Any

from mnerflow.plan.names import Combination
from mnerflow.registry import kind_of

# The sections of the configuration, and the keys of a grid block, that name encoders.
ENCODERS = ("text_encoders", "image_encoders", "vision_language_encoders")


def encoders(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The entries of all encoders, by name."""
    return {name: entry for section in ENCODERS for name, entry in config.get(section, {}).items()}


def names_of(config: dict[str, Any], *sections: str) -> list[str]:
    """The names of the encoders in the given sections."""
    return [name for section in sections for name in config.get(section, {})]


def encoders_in(config: dict[str, Any], run: Combination) -> dict[str, list[str]]:
    """The encoders of a run by section, at most one each."""
    names = {run.text_encoder, run.image_encoder}
    return {section: sorted(names & config.get(section, {}).keys()) for section in ENCODERS}


def encoder_facts(config: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What each encoder is, independent of its name: ``kind``, ``model`` and ``source``.

    The model is the architecture if the options name one, else the source, else the kind. Without a
    ``source``, the model takes its place.
    """
    found = {}
    for name, entry in encoders(config).items():
        kind = kind_of(name, entry)
        model = entry.get("options", {}).get("model", entry.get("source", kind))
        found[name] = {"kind": kind, "model": model, "source": entry.get("source", model)}
    return found
