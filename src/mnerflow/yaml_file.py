"""YAML files: written in one form, and read even if they are damaged or malicious."""

from pathlib import Path
from typing import Any

import yaml

from mnerflow.errors import UserError
from mnerflow.files.reading import read_text

MOST = 1_000_000  # limit on the values of a file


def yaml_text(values: dict[str, Any]) -> str:
    """Format plain values as YAML, with their keys in order."""
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def read_yaml(path: str | Path, what: str, remedy: str) -> dict[str, Any]:
    """Read a YAML file of keys and values.

    Raises ``UserError`` with the file, ``what`` it should be and the ``remedy`` if it is missing or invalid,
    or if its anchors expand to more than ``MOST`` values or to themselves.
    """
    return parse_yaml(read_text(path, remedy), path, what, remedy)


def parse_yaml(text: str, path: str | Path, what: str, remedy: str) -> dict[str, Any]:
    """Parse the ``text`` of a file as ``read_yaml`` does."""
    try:
        content = yaml.load(text, yaml.CSafeLoader)
    # A date in a thirteenth month raises ValueError; nesting that is too deep raises RecursionError.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: no {what} ({' '.join(str(error).split())}). {remedy}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: no {what}. {remedy}")
    left, found = [content], 0
    while left:
        value = left.pop()
        keyed = isinstance(value, dict)
        inner = [*value, *value.values()] if keyed else value if isinstance(value, list) else []
        found += 1 + len(inner)
        if found > MOST:
            raise UserError(f"{path}: no {what} (more than {MOST:,} values). {remedy}")
        left += inner
    return content
