"""The runs of rivals: language models that are asked instead of trained.

Such a run has a place among the others: its text encoder is the rival, its fusion says how many examples the
model is shown and whether it sees the image, which ``pixels`` then stands for.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError, suggest
from mnerflow.grid import FILTERS_OFF, NONE, Run

PIXELS = "pixels"
# What an answer hangs on; how the server is reached and paid does not.
ASKED = ("base_url", "model", "response_format", "options", "image_size", "detail", "posts")
SERVICE = ("base_url", "key", "price", "concurrency", "timeout", "retries")


def rival_runs(config: dict[str, Any]) -> list[Run]:
    """All runs of the configuration's ``rivals``, sorted.

    Raises ``UserError`` for a data set that is not configured, and for a rival that shares its name with an
    encoder.
    """
    runs = []
    for name, rival in config.get("rivals", {}).items():
        if name in config["text_encoders"]:
            raise UserError(f"rivals.{name}: a text encoder has this name, too. Choose another.")
        for dataset in rival["datasets"]:
            if dataset not in config["datasets"]:
                known = config["datasets"]
                raise UserError(
                    f"rivals.{name}.datasets: {dataset!r} is not configured{suggest(dataset, known)}. "
                    f"Known: {', '.join(known)}."
                )
        parts = product(
            rival["datasets"], rival.get("filters", [FILTERS_OFF]), _fusions(rival), rival.get("seeds", [1])
        )
        runs += [
            Run(dataset, chosen, name, PIXELS if image else NONE, fusion_name(examples, image), seed)
            for dataset, chosen, (examples, image), seed in parts
        ]
    return sorted(runs)


def fusion_name(examples: int, image: bool) -> str:
    """``"zero_shot"``, ``"4_shot"``, with the image ``"zero_shot_image"``, ``"4_shot_image"``."""
    return f"{examples or 'zero'}_shot{'_image' if image else ''}"


def rival_twins(config: dict[str, Any]) -> dict[str, str]:
    """For every way of asking with the image, the same without it."""
    return {
        fusion_name(examples, True): fusion_name(examples, False)
        for rival in config.get("rivals", {}).values()
        for examples, _ in _fusions(rival)
    }


def rival_config(config: dict[str, Any], run: Run) -> dict[str, Any]:
    """The plain values of a run's ``RivalConfig``, and nothing that changes no answer."""
    rival = config["rivals"][run.text_encoder]
    examples, image = next(way for way in _fusions(rival) if fusion_name(*way) == run.fusion)
    values = {key: rival[key] for key in ASKED if key in rival}
    return values | {
        "entity_types": list(config["datasets"][run.dataset]["types"]),
        "examples": examples,
        "image": image,
        "seed": run.seed,
    }


def service_config(config: dict[str, Any], name: str) -> dict[str, Any]:
    """The plain values of a rival's ``Service``."""
    rival = config["rivals"][name]
    return {key: rival[key] for key in SERVICE if key in rival}


def prompt_of(config: dict[str, Any], name: str, default: Path) -> Path:
    """The file with a rival's prompt; raises ``UserError`` when there is no such file."""
    prompt = Path(config["rivals"][name].get("prompt", default))
    if not prompt.is_file():
        raise UserError(f"rivals.{name}.prompt: {prompt}: no such file. Correct the path, or leave it out.")
    return prompt


def _fusions(rival: dict[str, Any]) -> Iterator[tuple[int, bool]]:
    return product(rival.get("examples", [0]), rival.get("images", [False]))
