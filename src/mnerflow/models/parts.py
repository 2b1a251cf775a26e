"""Parts of a tagger, found by the name of their file: the `kind` of the configuration."""

from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path
from typing import Any, TypeVar

from mnerflow.config import PartConfig, build
from mnerflow.errors import UserError

T = TypeVar("T")


def load_class(package: str, kind: str, base: type[T]) -> type[T]:
    """The one subclass of ``base`` that the file ``mnerflow/models/<package>/<kind>.py`` defines."""
    name = f"mnerflow.models.{package}.{kind}"
    module = import_module(name)
    for _, cls in getmembers(module, isclass):
        if issubclass(cls, base) and cls.__module__ == name:
            return cls
    raise UserError(f"{kind!r}: mnerflow/models/{package}/{kind}.py defines no {base.__name__}.")


def load_encoder(package: str, part: PartConfig, base: type[T]) -> tuple[type[T], Any, Path | None]:
    """An encoder's class, its ``Config`` filled with the part's options, and its weights folder, if any."""
    cls = load_class(package, part.kind, base)
    config = build(import_module(cls.__module__).Config, part.options, f"{package}: {part.kind}")
    return cls, config, Path(part.weights) if part.weights else None
