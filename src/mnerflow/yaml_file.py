"""YAML files that may have been damaged, or written to do harm."""

from pathlib import Path
from typing import Any

import yaml

from mnerflow.errors import UserError
from mnerflow.files import read_text

MOST = 1_000_000  # values of a file


def read_yaml(path: str | Path, what: str, remedy: str) -> dict[str, Any]:
    """Read a YAML file that holds keys and values.

    Raises ``UserError`` naming the file, ``what`` it should be and the ``remedy`` when it is missing or is
    none, or when its anchors stand for more than ``MOST`` values, or for themselves.
    """
    return parse_yaml(read_text(path, remedy), path, what, remedy)


def parse_yaml(text: str, path: str | Path, what: str, remedy: str) -> dict[str, Any]:
    """As ``read_yaml``, of a text that stands in the file."""
    try:
        content = yaml.load(text, yaml.CSafeLoader)
    # Of a date in the thirteenth month YAML says a ValueError, of what is nested too deep a RecursionError.
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
