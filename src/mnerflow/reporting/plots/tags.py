"""The order of tags on an axis."""

from collections.abc import Iterable

from mnerflow.data.tags import entity_type, tag_list


def ordered_tags(tags: Iterable[str]) -> list[str]:
    """``O``, then ``B-`` and ``I-`` of every entity type that occurs, by name; empty when no tag does."""
    tags = set(tags)
    return tag_list(sorted({entity_type(tag) for tag in tags} - {""})) if tags else []
