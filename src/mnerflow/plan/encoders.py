"""The encoders of a configuration, and which of them a run uses."""

from typing import Any

from mnerflow.plan.names import Combination

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
