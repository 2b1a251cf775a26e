"""Check the form, keys and anchors of a YAML configuration file before its values are used."""

import json
from pathlib import Path

import yaml
from yaml.reader import ReaderError

from mnerflow.errors import UserError
from mnerflow.files.reading import read_text

MOST = 100_000  # values of a configuration; the largest grids have a few thousand


def check_keys(file: Path) -> None:
    """Raise ``UserError`` when a key appears twice in a YAML file, because YAML would keep only the last.

    It is also raised when the file is neither YAML nor JSON, and when anchors make a few lines stand for more
    than ``MOST`` values, or for themselves.
    """
    text = read_text(file)
    try:
        root = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        if _is_json(text):  # unlike YAML, it may be indented with tabs
            return
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(
            f"{file}{line}: not YAML ({error.problem}). Correct this line, or the one before."
        ) from error
    except ReaderError as error:  # a control character
        number = text.encode().count(b"\n", 0, error.position) + 1
        raise UserError(f"{file}:{number}: not YAML ({error.reason}). Correct this line.") from error
    if root:
        _count(root, file, {})


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _count(node: yaml.Node, file: Path, counted: dict[int, int]) -> int:
    """How many values a node stands for when each anchor is written out."""
    if id(node) in counted:
        return counted[id(node)]
    counted[id(node)] = MOST  # until it is known: a node that contains itself has too many
    line = node.start_mark.line + 1
    size = 1
    if isinstance(node, yaml.SequenceNode):
        size += sum(_count(value, file, counted) for value in node.value)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(
                    f"{file}:{key.start_mark.line + 1}: a list or keys with values where a key should be. "
                    "Write a text with brackets in quotes."
                )
            if key.value in seen and key.value != "<<":
                raise UserError(
                    f"{file}:{key.start_mark.line + 1}: {key.value!r} is already in line {seen[key.value]}. "
                    "Merge the two, or remove one."
                )
            seen[key.value] = key.start_mark.line + 1
            size += _count(value, file, counted)
    if size > MOST:
        raise UserError(
            f"{file}:{line}: its anchors (`&`, `*`) stand for more than {MOST:,} values. Write out what is "
            "meant."
        )
    counted[id(node)] = size
    return size
