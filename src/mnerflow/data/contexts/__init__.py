"""Contexts: texts that accompany posts, in files of their own. Each format has a module, found by its name.

A format's module offers ``texts(path)``, which yields ``(line number, key, text)`` and raises ``UserError``
naming file and line. Its ``BY`` says what the keys are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mnerflow.config import build
from mnerflow.data.config import ContextFiles, Contexts
from mnerflow.errors import UserError
from mnerflow.files.paths import inside
from mnerflow.registry import load

By = Literal["image", "id", "words"]


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a context, some of them empty.

    Their keys are the names of images, the ids of posts, or the posts' words with a number from ``numbered``.
    ``used`` contains the keys that were looked up.
    """

    by: By
    texts: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    def texts_of(self, keys: Iterable[str]) -> list[str]:
        """The texts of those ``keys`` that have one."""
        known = [key for key in keys if key in self.texts]
        self.used.update(known)
        return [self.texts[key] for key in known]


def context_files(entry: Mapping[str, Any]) -> dict[str, ContextFiles]:
    """The files of each context of a data set's entry, by the context's name."""
    return build(Contexts, entry.get("contexts", {}), "contexts")


def read_context(context: ContextFiles, folder: Path) -> Texts:
    """Read a context's files in ``folder``.

    Raises ``UserError`` naming file and line for a malformed line and for a second text of the same key.
    """
    source, found = load("data.contexts", context.format, "contexts"), {}
    files = [inside(folder, name) for name in context.files]
    read = [(path, *each) for path in files for each in source.texts(path)]
    keys: Iterable[str] = [key for _, _, key, _ in read]
    if source.BY == "words":
        keys = numbered(keys)
    for (path, line, _, text), key in zip(read, keys, strict=True):
        if key in found:
            raise UserError(f"{path}:{line}: a second text for {key!r}. Remove one of them.")
        found[key] = text
    return Texts(source.BY, found)


def numbered(texts: Iterable[str]) -> Iterator[str]:
    """Append to each text how often it came before, which tells posts with the same words apart."""
    before: Counter[str] = Counter()
    for text in texts:
        yield f"{text} {before[text]}"
        before[text] += 1
