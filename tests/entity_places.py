"""Entities as the pipelines of ``transformers`` return them."""

from typing import Any


def places(entities: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    """The type, start and end of each entity."""
    return [(one["entity_group"], one["start"], one["end"]) for one in entities]
