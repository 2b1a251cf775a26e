"""Names say what they hold: those that would need a comment are not used."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "workflow", "benchmarks", "tests")
VAGUE = {"at", "beside", "known_by", "most", "own", "passed_over"}


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that a module gives, after its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def test_no_name_is_vague() -> None:
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    given = ((file, *name) for file in files for name in names(ast.parse(file.read_text(encoding="utf-8"))))
    assert not [f"{file}:{line}: {name}" for file, line, name in given if name in VAGUE]
