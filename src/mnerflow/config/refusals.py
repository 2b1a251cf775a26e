"""Pydantic's errors in plain words: what is wrong, and what to write instead."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from mnerflow.errors import suggest

Node = dict[str, Any]  # a part of a JSON schema
NOT_FINITE = "NaN, infinite or too large; give a finite number"
TYPES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number such as 1.0e-3",
    "string": "text",
    "array": "a list",
    "object": "keys with values",
}


def refused(said: str) -> PydanticCustomError:
    """The error that one of our own checks raises to say ``said`` about a value."""
    return PydanticCustomError("refused", "{said}", {"said": said})


def refusals(error: ValidationError, schema: Node) -> Iterator[tuple[list[str], str]]:
    """The path to each wrong value, and what is wrong with it; ``schema`` is the JSON schema of the whole."""
    for one in error.errors(include_url=False):
        location, kind = one["loc"], one["type"]
        if location and str(location[-1]).startswith("literal["):
            continue  # a word that may stand for the whole value; the other form says what is wrong with it
        if kind in ("extra_forbidden", "unexpected_keyword_argument"):
            path, node = _walk(schema, location[:-1])
            known = node.get("properties", {})
            key = str(location[-1])
            yield path, f"unknown key {key!r}{suggest(key, known)}, known are {', '.join(known)}"
        elif kind in ("missing", "missing_argument"):
            name = f"value {location[-1] + 1}" if isinstance(location[-1], int) else repr(location[-1])
            yield _walk(schema, location[:-1])[0], f"{name} is missing"
        else:
            path, node = _walk(schema, location)
            yield path, _say(one, node)


def resolve(schema: Node, node: Node) -> Node:
    """A part of a JSON schema with its references resolved; of several forms, the most informative one."""
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]] | {
                key: value for key, value in node.items() if key != "$ref"
            }
        else:
            forms = [resolve(schema, form) for form in node["anyOf"] if form.get("type") != "null"]
            common = {key: value for key, value in node.items() if key != "anyOf"}
            node = max(forms, key=lambda form: "properties" in form or "items" in form) | common
    return node


def values_of(node: Node) -> Node:
    """The part of a JSON schema that applies to every value of a mapping, whatever its key."""
    named = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    return named[0] if isinstance(named[0], dict) else {}


def meaning(node: Node) -> str:
    """The values that are allowed, as in ``"a whole number, from 1 to 64"``."""
    if choices := _choices(node):
        return f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0]
    said = node.get("$comment") or TYPES.get(node.get("type", ""), "anything")
    minimum, maximum, above = (node.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    below = node.get("exclusiveMaximum")
    limits = {
        f"from {minimum} to {maximum}": None not in (minimum, maximum),
        f"{minimum} or more": minimum is not None and maximum is None,
        f"above {above}": above is not None,
        f"at most {maximum}": maximum is not None and minimum is None,
        f"below {below}": below is not None,
    }
    bounds = " and ".join(limit for limit, holds in limits.items() if holds)
    return f"{said}, {bounds}" if bounds else said


def _choices(node: Node) -> list[str]:
    return list(map(str, node.get("enum", [node["const"]] if "const" in node else [])))


def _walk(schema: Node, steps: Sequence[str | int]) -> tuple[list[str], Node]:
    """The path that pydantic's steps stand for, without its names of forms, and the schema at that place."""
    path: list[str] = []
    node = outer = resolve(schema, schema)
    for step in steps:
        if step == "[key]":
            return path[:-1], outer.get("propertyNames", {"type": "string"})
        if step in node.get("properties", {}):
            inner = node["properties"][step]
        elif isinstance(step, int) and node.get("type") == "array":
            inner = node.get("items") or dict(enumerate(node.get("prefixItems", []))).get(step, {})
        elif node.get("type") == "object" and "properties" not in node:
            inner = values_of(node)
        else:
            continue
        path.append(str(step))
        node, outer = resolve(schema, inner), node
    return path, node


def _say(error: ErrorDetails, node: Node) -> str:
    value, kind = error["input"], error["type"]
    if kind == "refused":
        return error["msg"]
    if kind == "finite_number":
        return NOT_FINITE
    if kind in ("dict_type", "dataclass_type"):
        return _as_mapping(value, [*node.get("properties", node.get("propertyNames", {}).get("enum", []))])
    if kind in ("list_type", "tuple_type"):
        given = "nothing" if value is None else repr(value)
        return f"{given} is no list; write a list, as in [{_shown(value)}]"
    if kind == "too_short":
        return f"{value!r} has too few values; give {error['ctx']['min_length']} or more"
    if kind == "too_long":
        return f"{value!r} has too many values; give {error['ctx']['max_length']} at most"
    if value is None:
        return f"empty; give {meaning(node)}"
    hint = ""
    if kind == "literal_error":
        hint = suggest(str(value), _choices(node))
    elif kind in ("string_type", "invalid_key"):
        return f"{value!r} is not text{' (write it in quotes)' if _is_plain(value) else ''}"
    elif kind == "float_type" and isinstance(value, str):
        hint = " (YAML reads 1.0e-3, but takes 1e-3 for text)"
    return f"{value!r} is not {meaning(node)}{hint}"


def _as_mapping(value: Any, known: list[str]) -> str:
    """What to write where keys with values are wanted and something else is given."""
    keys = f"; its keys are {', '.join(known)}" if known else ""
    if isinstance(value, list):
        return f"a list where keys with values are wanted{keys}"
    if value is None:
        return f"empty; give keys with values, or {{}} for none{keys}"
    example = f"{known[0]}: {_shown(value)}" if known else f"{value}: {{}}"
    return f"{value!r} stands alone where a key with a value is wanted, as in {{{example}}}{keys}"


def _shown(value: Any) -> str:
    """A plain value as YAML; a number that YAML read as text becomes the number that was meant."""
    if not _is_plain(value):
        return "…"
    if isinstance(value, str):
        with suppress(ValueError):
            value = float(value)
    return yaml.safe_dump(value, allow_unicode=True).splitlines()[0]


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, list))
