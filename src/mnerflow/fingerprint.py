"""A hash of what code does, not of how it is written: comments, docstrings and layout do not count.

A YAML file beside a module that has its name belongs to it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


def fingerprint(*sources: str | Path) -> str:
    """Hash files and mnerflow modules together with every mnerflow module that they import.

    Imports are read from the syntax tree, so nothing is imported and torch is not loaded. Modules that
    are chosen at run time by name (a fusion, an encoder) must be listed.

    Args:
        sources: paths of Python files, or dotted module names below ``mnerflow``.
    """
    files = {_file_of(source) if isinstance(source, str) else source for source in sources}
    pending = list(files)
    while pending:
        for module in _analyse(pending.pop())[1]:
            file = _file_of(module)
            if file not in files:
                files.add(file)
                pending.append(file)
    digests = sorted(_analyse(file)[0] for file in files)
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


@cache
def _analyse(file: Path) -> tuple[str, frozenset[str]]:
    """Digest of a file's syntax tree, and the mnerflow modules that it imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, file)
            imported.add(module)
            imported.update(f"{module}.{alias.name}" for alias in node.names)
        _strip_docstring(node)
    modules = frozenset(name for name in imported if name.split(".")[0] == "mnerflow" and _exists(name))
    content = ast.dump(tree).encode()
    values = file.with_suffix(".yaml")  # what a module of its name reads
    if values.exists():
        content += values.read_bytes()
    return hashlib.sha256(content).hexdigest(), modules


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    """The module that names are imported from, the dots before it resolved where it is one of mnerflow's."""
    if not node.level or not file.is_relative_to(PACKAGE):
        return node.module or ""
    package = file.parents[node.level - 1].relative_to(PACKAGE.parent).parts
    return ".".join([*package, *([node.module] if node.module else [])])


def _strip_docstring(node: ast.AST) -> None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        first = node.body[0] if node.body else None
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            node.body = node.body[1:]


def _path_of(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")[1:])


def _exists(module: str) -> bool:
    path = _path_of(module)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _file_of(source: str) -> Path:
    path = _path_of(source)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
