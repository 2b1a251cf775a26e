"""Convert plain values, as YAML reads them, to typed ones and back."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator

from mnerflow.config.refusals import refusals
from mnerflow.errors import UserError

T = TypeVar("T")
SCALARS = ("bool", "float", "int", "str")


def build(kind: type[T], values: Any, place: str = "") -> T:
    """Make a configuration dataclass, and those inside it, from plain values.

    Types are checked strictly: a number in quotes is text, true is not a number, and 1.0 is not a whole
    number. Only a whole number is accepted where any number is. Raises one ``UserError`` that names every
    wrong value by its key below ``place``: unknown keys with the nearest known one, missing keys, and what
    each value should have been.
    """
    try:
        return _validator(kind).validate_python(values, extra="forbid")  # type: ignore[arg-type]  # types can be hashed
    except ValidationError as error:
        found = refusals(error, TypeAdapter(kind).json_schema())
        root = [place] if place else []
        lines = {f"{'.'.join([*root, *path]) or 'top level'}: {what}" for path, what in found}
        raise UserError("; ".join(sorted(lines)) + ".") from None


def plain(config: Any) -> Any:
    """A configuration dataclass as plain values for YAML, from which ``build`` makes it again."""
    return _lists(asdict(config))


def settings_of(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values for which a configuration dataclass has fields."""
    return {field.name: values[field.name] for field in fields(kind) if field.name in values}


@cache
def _validator(kind: type) -> SchemaValidator:
    """Pydantic's validator, which accepts a list for a tuple but converts no scalar to another type."""
    return SchemaValidator(_exact(TypeAdapter(kind).core_schema))


def _exact(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_exact(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    exact = {key: _exact(value) for key, value in schema.items()}
    if exact.get("type") in SCALARS:
        exact["strict"] = True
    if exact.get("type") == "float":
        exact["allow_inf_nan"] = False
    return exact


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(inner) for key, inner in value.items()}
    return [_lists(inner) for inner in value] if isinstance(value, list | tuple) else value
