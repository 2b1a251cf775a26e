"""The options of a fusion or decoder, read off its syntax tree: nothing is imported, torch is not loaded."""

import ast
from collections.abc import Iterator
from dataclasses import field, make_dataclass
from functools import cache
from typing import Annotated, Any, Literal

from mnerflow.fingerprint import PACKAGE

PARTS = {"fusions": ("Fusion", 1), "decoders": ("Decoder", 2)}  # base class, arguments that are no options


@cache
def options_class(package: str, kind: str) -> type | None:
    """A dataclass with the options of ``mnerflow/models/<package>/<kind>.py``, for ``config.build``.

    They are the constructor's arguments, with those of a base class that it passes ``**options`` on to.
    ``None`` where the file does not plainly say which class is meant.
    """
    base, given = PARTS[package]
    root, module = f"mnerflow.models.{package}", f"mnerflow.models.{package}.{kind}"
    found = [name for name in _classes(module) if (root, base) in _lineage(module, name)]
    if len(found) != 1:
        return None
    options: dict[str, tuple[Any, Any]] = {}
    for owner, name in _lineage(module, found[0]):
        init = next((node for node in _classes(owner)[name].body if _is_init(node)), None)
        if init is None:
            continue
        positional = init.args.args[1 + given :]
        defaults = [None] * len(init.args.args) + list(init.args.defaults)
        pairs = list(zip(positional, defaults[len(defaults) - len(positional) :], strict=True))
        pairs += zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
        for argument, default in pairs:
            options.setdefault(argument.arg, (_kind(argument.annotation), default))
        if init.args.kwarg is None:
            break
    fields = [
        (name, kind, field(default=None) if default else field()) for name, (kind, default) in options.items()
    ]
    return make_dataclass(kind, fields, kw_only=True)


def _is_init(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


@cache
def _tree(module: str) -> ast.Module:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def _classes(module: str) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in _tree(module).body if isinstance(node, ast.ClassDef)}


def _lineage(module: str, name: str) -> Iterator[tuple[str, str]]:
    """A class and those of mnerflow that it comes from, each as its module and name."""
    yield module, name
    imported = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in _tree(module).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mnerflow.")
        for alias in node.names
    }
    own = {other: (module, other) for other in _classes(module)}
    for base in _classes(module)[name].bases:
        if isinstance(base, ast.Name) and (above := (own | imported).get(base.id)):
            yield from _lineage(*above)


def _kind(annotation: ast.expr | None) -> Any:
    """The type that an annotation names, where it is one that ``config.build`` checks."""
    known = {"Annotated": Annotated, "Literal": Literal, "int": int, "float": float, "bool": bool, "str": str}
    try:
        kind = eval(ast.unparse(annotation), {"__builtins__": {}}, known) if annotation else Any
    except (NameError, TypeError, AttributeError):
        return Any
    return Any if isinstance(kind, str) else kind  # one in quotes
