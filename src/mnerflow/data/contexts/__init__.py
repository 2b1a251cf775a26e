"""Contexts, texts beside a post's own, in files of their own: one module a format, found by its name.

A format's module offers ``texts(path)``, which yields ``(line number, key, text)`` and raises ``UserError``
naming file and line, and ``BY_IMAGE``: whether a key is the name of an image or the id of a post.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnerflow.config import build
from mnerflow.data.config import ContextFiles, Contexts
from mnerflow.errors import UserError
from mnerflow.files import inside
from mnerflow.registry import load


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a context, some of them empty, by the names of images or the ids of posts."""

    by_image: bool
    texts: Mapping[str, str]


def context_files(entry: Mapping[str, Any]) -> dict[str, ContextFiles]:
    """Where a data set's entry has its contexts from."""
    return build(Contexts, entry.get("contexts", {}), "contexts")


def read_context(context: ContextFiles, folder: Path) -> Texts:
    """Read a context's files in ``folder``.

    Raises ``UserError`` naming file and line for a malformed one and for a second text of one key.
    """
    source, found = load("data.contexts", context.format, "contexts"), {}
    for path in (inside(folder, name) for name in context.files):
        for line, key, text in source.texts(path):
            if key in found:
                raise UserError(f"{path}:{line}: a second text for {key!r}. Remove one of them.")
            found[key] = text
    return Texts(source.BY_IMAGE, found)
