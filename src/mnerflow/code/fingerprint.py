"""A hash of what code computes: of all definitions that it reaches, as far as they affect a result.

Comments, docstrings, annotations of functions, log lines and the wording of errors do not count, and neither
does the code of ``PLUMBING``. A YAML file beside a module with the same name belongs to the module.
"""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# These modules check, write, log, measure and record what is computed, or find a device. No result depends on
# them.
PLUMBING = frozenset(PACKAGE.glob("files/*.py")).union(
    PACKAGE / f"{name}.py"
    for name in (
        *("config/refusals", "config/types", "errors", "log"),
        *("code/fingerprint", "record/__init__", "record/origin"),
        *("compute/gpus", "compute/memory", "compute/start_up"),
        *(f"training/{name}" for name in ("energy", "meter", "preemption", "provenance")),
    )
)
ALL = "*"  # every definition of a module
ON_IMPORT = ""  # the statements of a module that define nothing: importing it runs them


def fingerprint(*sources: str | Path) -> str:
    """Hash files and mnerflow modules together with every definition of mnerflow that they reach.

    Names are followed in the syntax tree, so nothing is imported and torch is not loaded. Modules that are
    chosen by name at run time (a fusion, an encoder) must be listed. Returns 16 hexadecimal digits.

    Args:
        sources: paths of Python files, or dotted names of modules below ``mnerflow``.
    """
    pending = {(file_of(source) if isinstance(source, str) else source, ALL) for source in sources}
    reached: set[tuple[Path, str]] = set()
    digests = set()
    while pending:
        file, name = pending.pop()
        if (file, name) in reached or file in PLUMBING:
            continue
        reached.add((file, name))
        for definition in _module(file).find(name):
            digests.add(definition.digest)
            pending |= definition.uses
        pending.add((file, ON_IMPORT))
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Definition:
    """A statement at the top level of a module: its digest, and the mnerflow files and names that it uses."""

    digest: str
    uses: frozenset[tuple[Path, str]]


@dataclass(frozen=True)
class Module:
    """The names that a module defines, and those that it imports from mnerflow."""

    definitions: dict[str, list[Definition]]
    imports: dict[str, tuple[Path, str]]

    def find(self, name: str) -> list[Definition]:
        """The definitions of a name.

        All definitions of the module are returned for ``ALL``, and for a name that is defined in a way not
        recognized here.
        """
        if name == ON_IMPORT or name in self.definitions:
            return self.definitions.get(name, [])
        if name in self.imports:
            return [Definition("", frozenset({self.imports[name]}))]
        return [definition for found in self.definitions.values() for definition in found]


@cache
def _module(file: Path) -> Module:
    tree = _Computed().visit(ast.parse(file.read_text(encoding="utf-8"), str(file)))
    ours: dict[str, tuple[Path, str]] = {}
    others: dict[str, str] = {}
    for node in ast.walk(tree):
        for name, module, member in _imported(node, file):
            if target := _target(module, member):
                ours[name] = target
            elif module.split(".")[0] != "mnerflow":
                others[name] = f"{module} {member}"
    defined = {name for statement in tree.body for name in _bound(statement)}
    definitions: dict[str, list[Definition]] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        names = _names(statement)
        uses = {(file, name) for name, _ in names if name in defined}
        uses |= {_member(ours[name], member) for name, member in names if name in ours}
        outside = sorted({others[name] for name, _ in names if name in others})
        content = ast.dump(statement) + repr(outside)
        definition = Definition(hashlib.sha256(content.encode()).hexdigest(), frozenset(uses))
        for name in _bound(statement) or [ON_IMPORT]:
            definitions.setdefault(name, []).append(definition)
    values = file.with_suffix(".yaml")
    if values.exists():
        read = Definition(hashlib.sha256(values.read_bytes()).hexdigest(), frozenset())
        definitions.setdefault(ON_IMPORT, []).append(read)
    return Module(definitions, ours)


class _Computed(ast.NodeTransformer):
    """Reduces a syntax tree to what affects a result."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._without_docstring(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self._without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._without_docstring(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._without_docstring(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ast.Raise(exc=error, cause=None)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "UserError":
            return node.func
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return ast.Pass() if _logs(node.value) else self.generic_visit(node)

    def _without_docstring(
        self, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    ) -> ast.AST:
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)


def _logs(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "logger"
    )


def _imported(node: ast.AST, file: Path) -> Iterator[tuple[str, str, str]]:
    """The names that an import binds, each with its module and its name in that module."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0], alias.name, ""
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, imported_from(node, file), alias.name


def imported_from(node: ast.ImportFrom, file: Path) -> str:
    """The module that names are imported from, with relative imports resolved within mnerflow."""
    if not node.level or not file.is_relative_to(PACKAGE):
        return node.module or ""
    package = file.parents[node.level - 1].relative_to(PACKAGE.parent).parts
    return ".".join([*package, *([node.module] if node.module else [])])


def _target(module: str, member: str) -> tuple[Path, str] | None:
    """The file and the name that an import of mnerflow refers to; the name is ``ALL`` for a module."""
    for path, name in ((f"{module}.{member}", ALL), (module, member or ALL)):
        if path.split(".")[0] == "mnerflow" and (file := file_of(path)).is_file():
            return file, name
    return None


def _member(target: tuple[Path, str], member: str) -> tuple[Path, str]:
    """What ``name.member`` uses: only that definition if the name stands for a module."""
    return (target[0], member) if target[1] == ALL and member else target


def _names(statement: ast.stmt) -> set[tuple[str, str]]:
    """The names that a statement reads, each with the attribute read from it, if any."""
    nodes = list(ast.walk(statement))
    attributes = (node for node in nodes if isinstance(node, ast.Attribute))
    held = [(of.value, of.attr) for of in attributes if isinstance(of.value, ast.Name)]
    holding = {id(name) for name, _ in held}
    alone = {(node.id, "") for node in nodes if isinstance(node, ast.Name) and id(node) not in holding}
    return alone | {(name.id, attribute) for name, attribute in held}


def _bound(statement: ast.stmt) -> list[str]:
    """The names that a top-level statement of a module defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return []


def file_of(module: str) -> Path:
    """The file of a mnerflow module, whether it exists or not."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
