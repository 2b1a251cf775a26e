"""Options and inputs of a tagger's parts, read from their source: importing them would load torch."""

import ast
from collections.abc import Iterator
from dataclasses import field, make_dataclass
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import Field

from mnerflow.code.fingerprint import file_of, imported_from
from mnerflow.config import types
from mnerflow.registry import module_of

KINDS = {"int": int, "float": float, "bool": bool, "str": str}
Options = dict[str, tuple[ast.expr | None, ast.expr | None]]  # annotation and default by name
PARTS = {"fusions": ("Fusion", 1), "decoders": ("Decoder", 2)}  # base class, arguments before the options


@cache
def fusion_inputs(kind: str) -> tuple[str, ...] | None:
    """The modalities that the fusion in ``mnerflow/models/fusions/<kind>.py`` fuses: its ``inputs``.

    ``None`` if the file does not plainly say so, or does not exist.
    """
    for owner, name in _part("fusions", kind):
        for node in _classes(owner)[name].body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "inputs" for target in targets):
                try:
                    return tuple(ast.literal_eval(node.value))
                except (ValueError, TypeError):
                    return None
    return None


@cache
def options_class(package: str, kind: str) -> type | None:
    """A dataclass with the options of ``mnerflow/models/<package>/<kind>.py``, for ``config.build``.

    ``None`` if the file does not plainly say which class is meant.
    """
    options = _arguments(package, kind) if package in PARTS else _fields(package, kind)
    if options is None:
        return None
    described = [
        (name, _kind(annotation), field(default=None) if default else field())
        for name, (annotation, default) in options.items()
    ]
    return make_dataclass(kind, described, kw_only=True)


def _arguments(package: str, kind: str) -> Options | None:
    """The options of a fusion or decoder: the arguments of its constructor.

    They include those of a base class that it passes ``**options`` on to.
    """
    lineage, given = _part(package, kind), PARTS[package][1]
    if not lineage:
        return None
    options: Options = {}
    for owner, name in lineage:
        init = next((node for node in _classes(owner)[name].body if _is_init(node)), None)
        if init is None:
            continue
        positional = init.args.args[1 + given :]
        defaults = [None] * len(init.args.args) + list(init.args.defaults)
        pairs = list(zip(positional, defaults[len(defaults) - len(positional) :], strict=True))
        pairs += zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
        for argument, default in pairs:
            options.setdefault(argument.arg, (argument.annotation, default))
        if init.args.kwarg is None:
            break
    return options


def _fields(package: str, kind: str) -> Options | None:
    """The options of an encoder: the fields of its dataclass ``Config``, inherited ones included."""
    module = module_of(f"models.{package}", kind)
    if not file_of(module).is_file() or "Config" not in _classes(module):
        return None
    lineage = list(_lineage(module, "Config"))
    if sum(len(_classes(owner)[name].bases) for owner, name in lineage) >= len(lineage):
        return None  # a base class is from elsewhere
    options: Options = {}
    for owner, name in lineage:
        for node in _classes(owner)[name].body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                options.setdefault(node.target.id, (node.annotation, node.value))
    return options


def _part(package: str, kind: str) -> list[tuple[str, str]]:
    """The only fusion or decoder class of a file, with its base classes, as ``_lineage`` returns them."""
    root = (f"mnerflow.models.{package}", PARTS[package][0])
    module = module_of(f"models.{package}", kind)
    if not file_of(module).is_file():
        return []
    lineages = [list(_lineage(module, name)) for name in _classes(module)]
    found = [lineage for lineage in lineages if root in lineage]
    return found[0] if len(found) == 1 else []


def _is_init(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(file_of(module).read_text(encoding="utf-8"), module)


def _classes(module: str) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in _tree(module).body if isinstance(node, ast.ClassDef)}


def _lineage(module: str, name: str) -> Iterator[tuple[str, str]]:
    """A class and its base classes within mnerflow, each as its module and name."""
    yield module, name
    file = file_of(module)
    imported = {
        alias.asname or alias.name: (origin, alias.name)
        for node in _tree(module).body
        if isinstance(node, ast.ImportFrom) and (origin := imported_from(node, file)).startswith("mnerflow.")
        for alias in node.names
    }
    defined = {other: (module, other) for other in _classes(module)}
    for base in _classes(module)[name].bases:
        if isinstance(base, ast.Name) and (above := (defined | imported).get(base.id)):
            yield from _lineage(*above)


def _kind(annotation: ast.expr | None) -> Any:
    """The type that an annotation names, if it is one that ``config.build`` checks."""
    match annotation:
        case ast.Name(id=name):
            return KINDS.get(name) or getattr(types, name, Any)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
            return Literal[ast.literal_eval(values)]
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, minimum, maximum])):
            bounds = Field(ge=ast.literal_eval(minimum), le=ast.literal_eval(maximum))
            return Annotated[_kind(kind), bounds]
        case ast.Subscript(value=ast.Name(id="list"), slice=kind):
            return GenericAlias(list, (_kind(kind),))
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=kinds)):
            return GenericAlias(tuple, tuple(map(_kind, kinds)))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _kind(left) | _kind(right)
        case ast.Constant(value=value):  # None, or the dots of a tuple
            return value
    return Any
