"""Look through a YAML file of configuration before its values count: keys and anchors."""

from pathlib import Path

import yaml

from mnerflow.errors import UserError
from mnerflow.files import read_text

MOST = 100_000  # values of a configuration; the largest grids have a few thousand


def check_keys(file: Path) -> None:
    """Raise ``UserError`` when a key stands twice in a YAML file, of which YAML would take the last alone.

    And when anchors make a few lines stand for more than ``MOST`` values, or for themselves.
    """
    try:
        root = yaml.compose(read_text(file), yaml.CSafeLoader)
    except yaml.YAMLError:  # a JSON file may have tabs; what is neither, Snakemake has refused
        return
    if root:
        _count(root, file, {})


def _count(node: yaml.Node, file: Path, counted: dict[int, int]) -> int:
    """How many values a node stands for when each anchor is written out."""
    if id(node) in counted:
        return counted[id(node)]
    counted[id(node)] = MOST  # until it is known: one that holds itself has too many
    line = node.start_mark.line + 1
    size = 1
    if isinstance(node, yaml.SequenceNode):
        size += sum(_count(value, file, counted) for value in node.value)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if key.value in seen and key.value != "<<":
                raise UserError(
                    f"{file}:{key.start_mark.line + 1}: {key.value!r} stands in line {seen[key.value]} "
                    "already. Put both together, or remove one."
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
