"""Check a configuration against the JSON schema and say what is wrong in words."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from mnerflow.errors import UserError, suggest
from mnerflow.files import read_text
from mnerflow.finite import is_finite

# JSON takes 1.0 for a whole number; in a path of a run or as a number of epochs it is none.
_integer = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
)
MOST = 100_000  # values of a configuration; the largest grids have a few thousand
_Validator = extend(Draft202012Validator, type_checker=_integer)


def check(config: dict[str, Any], schema: dict[str, Any], place: str = "configuration") -> None:
    """Raise one ``UserError`` that lists every value that the schema refuses, by its key.

    An unknown key is answered with the nearest known one. No number may be NaN or infinite, not even among
    options, of which the schema knows nothing.
    """
    errors = _leaves(_Validator(schema).iter_errors(config))
    problems = [line for error in errors for line in _say(error)]
    problems += [f"{path}: NaN, infinite or too large; give a finite number" for path in _not_finite(config)]
    if problems:
        raise UserError(f"{place}: " + "; ".join(sorted(set(problems))) + ".")


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


def _not_finite(value: Any, path: str = "") -> Iterator[str]:
    """Where below a value numbers stand that are none."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _not_finite(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, int | float) and not is_finite(value):
        yield path


def _leaves(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    for error in errors:
        if error.validator == "anyOf":
            # The way that was meant: the one that fits farthest.
            yield max(error.context, key=lambda inner: (len(inner.path), inner.validator != "type"))
        else:
            yield error


def _say(error: ValidationError) -> Iterator[str]:
    place = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for key in error.instance:
            if key not in known:
                yield f"{place}: unknown key {key!r}{suggest(key, known)}, known are {', '.join(known)}"
    elif error.validator == "oneOf":
        names = [option["required"][0] for option in error.validator_value]
        yield f"{place}: exactly one of {', '.join(names)} is needed"
    elif error.validator == "enum":
        allowed = error.validator_value
        nearest = suggest(error.instance, allowed)
        yield f"{place}: {error.instance!r} is not one of {', '.join(map(str, allowed))}{nearest}"
    elif error.validator == "pattern":
        meaning = error.schema.get("description") or f"text like {error.validator_value}"
        # A key pasted in place of its variable's name must not be printed.
        given = "what is given" if error.schema.get("writeOnly") else repr(error.instance)
        yield f"{place}: {given} is not {meaning}"
    elif error.validator == "type" and error.validator_value == "object":
        yield f"{place}: {_as_mapping(error.instance, list(error.schema.get('properties', {})))}"
    elif error.validator == "type" and error.validator_value == "array":
        given = "nothing" if error.instance is None else repr(error.instance)
        yield f"{place}: {given} is no list; write a list, as in [{_shown(error.instance)}]"
    elif error.validator == "type" and error.validator_value == "string" and _is_plain(error.instance):
        yield f"{place}: {error.message} (write it in quotes)"
    elif error.validator == "type" and error.validator_value == "number" and isinstance(error.instance, str):
        yield f"{place}: {error.message} (YAML reads 1.0e-3, but takes 1e-3 for text)"
    else:
        yield f"{place}: {error.message}"


def _as_mapping(value: Any, known: list[str]) -> str:
    """What to write where keys with values are wanted and something else stands."""
    keys = f"; its keys are {', '.join(known)}" if known else ""
    if isinstance(value, list):
        return f"a list where keys with values are wanted{keys}"
    if value is None:
        return f"empty; give keys with values, or {{}} for none{keys}"
    example = f"{known[0]}: {_shown(value)}" if known else f"{value}: {{}}"
    return f"{value!r} stands alone where a key with a value is wanted, as in {{{example}}}{keys}"


def _shown(value: Any) -> str:
    """A value as YAML, where it is one; a number that YAML took for text as the number that was meant."""
    if not _is_plain(value):
        return "…"
    if isinstance(value, str):
        with suppress(ValueError):
            value = float(value)
    return yaml.safe_dump(value, allow_unicode=True).splitlines()[0]


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, list))
