"""What a fusion fuses, read off its file: to import it would load torch, which a plan has no time for."""

import ast
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "models/fusions"
PACKAGE = "mnerflow.models.fusions"


@cache
def fused(kind: str) -> tuple[str, ...] | None:
    """The ``inputs`` of the fusion that ``kind.py`` defines, ``text`` and ``image`` or one of them.

    ``None`` where they stand there as no plain values, or where there is no such file.
    """
    if not (FOLDER / f"{kind}.py").is_file():
        return None
    classes = [node.name for node in _tree(kind).body if isinstance(node, ast.ClassDef)]
    return next(filter(None, (_inputs(kind, name) for name in classes)), None)


def _inputs(file: str, name: str) -> tuple[str, ...] | None:
    """The ``inputs`` of a class that a file defines or imports, its own or those of what it derives from."""
    for node in _tree(file).body:
        if isinstance(node, ast.ImportFrom) and (origin := _file_of(node)):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return _inputs(origin, alias.name)
        elif isinstance(node, ast.ClassDef) and node.name == name:
            if values := [part.value for part in node.body if _assigns_inputs(part)]:
                return _plain(values[-1])
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            return next(filter(None, (_inputs(file, base) for base in bases)), None)
    return None


def _assigns_inputs(part: ast.stmt) -> bool:
    targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "inputs" for target in targets)


def _plain(value: ast.expr) -> tuple[str, ...] | None:
    try:
        return tuple(ast.literal_eval(value))
    except (ValueError, TypeError):
        return None


def _file_of(node: ast.ImportFrom) -> str | None:
    """Which file of the fusions something is imported from, if of one."""
    module = node.module or ""
    if node.level == 1:
        return module or "__init__"
    inner = module.removeprefix(PACKAGE)
    return (inner.removeprefix(".") or "__init__") if inner != module else None


def _tree(file: str) -> ast.Module:
    return ast.parse((FOLDER / f"{file}.py").read_text(encoding="utf-8"))
