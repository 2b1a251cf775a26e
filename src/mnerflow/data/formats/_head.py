"""Lines before the tokens of a post that name it and its images: ``IMGID:`` of UMT, ``WID:`` of Weibo."""

import re
from collections.abc import Sequence

from mnerflow.data.post import IMAGE_SUFFIXES

IMAGE_ID = "IMGID:"
HEAD = re.compile(r"(IMGID|WID):(.*)")


def named(head: Sequence[str]) -> tuple[str, list[str]]:
    """The id of a post, from the first line of its head, and its images, one per ``IMGID:`` line."""
    values = [row.partition(":")[2].strip(" ") for row in head]
    shown = [value for value, row in zip(values, head, strict=True) if row.startswith(IMAGE_ID)]
    return values[0], [one if one.lower().endswith(IMAGE_SUFFIXES) else f"{one}.jpg" for one in shown]
