"""Parts of the library that a configuration names: each is a module, found by its file name."""

from functools import cache
from importlib import import_module
from inspect import getmembers, isclass
from types import ModuleType
from typing import Any, TypeVar

from mnerflow.code.fingerprint import PACKAGE
from mnerflow.errors import UserError, suggest

T = TypeVar("T")


@cache
def names_in(package: str) -> tuple[str, ...]:
    """The public modules of a package below ``mnerflow``, such as ``models.fusions``; none is imported."""
    files = PACKAGE.joinpath(*package.split(".")).glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


def kind_of(name: str, entry: dict[str, Any]) -> str:
    """The module of an encoder's or a fusion's class: its name, unless its entry has a ``kind``."""
    return entry.get("kind", name)


def module_of(package: str, name: str) -> str:
    """The full name of a package's module, whether it exists or not."""
    return f"mnerflow.{package}.{name}"


def check_part(package: str, name: str, place: str) -> None:
    """Raise ``UserError`` naming ``place`` and the nearest name if a package has no such module."""
    if name not in (known := names_in(package)):
        raise UserError(f"{place}: {name!r} is not known{suggest(name, known)}. Known: {', '.join(known)}.")


def load(package: str, name: str, place: str) -> ModuleType:
    """Import a module by name; raises ``UserError`` as ``check_part`` does."""
    check_part(package, name, place)
    return import_module(module_of(package, name))


def load_class(package: str, name: str, base: type[T]) -> type[T]:
    """The only subclass of ``base`` that a module defines.

    Raises ``UserError`` if there is no such module, or if it defines no such class or several.
    """
    module = load(package, name, f"{base.__name__.lower()}.kind")
    classes = [cls for _, cls in getmembers(module, isclass) if cls.__module__ == module_of(package, name)]
    found = [cls for cls in classes if issubclass(cls, base)]
    if len(found) != 1:
        names = ", ".join(cls.__name__ for cls in found) or "none"
        file = f"mnerflow/{package.replace('.', '/')}/{name}.py"
        raise UserError(f"{name!r}: {file} defines {names}. Let it define one {base.__name__}.")
    return found[0]
