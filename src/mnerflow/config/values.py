"""From plain values, as YAML has them, to typed ones and back."""

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

    A number is none in quotes, true is no number, and 1.0 no whole number; a whole number will do where any
    number will. Raises one ``UserError`` that names every value that is wrong, by its key below ``place``:
    unknown keys with the nearest known one, missing ones, and what should have stood there.
    """
    try:
        return _validator(kind).validate_python(values, extra="forbid")  # type: ignore[arg-type]  # types can be hashed
    except ValidationError as error:
        found = refusals(error, TypeAdapter(kind).json_schema())
        root = [place] if place else []
        lines = {f"{'.'.join([*root, *path]) or 'top level'}: {what}" for path, what in found}
        raise UserError("; ".join(sorted(lines)) + ".") from None


def plain(config: Any) -> Any:
    """A configuration dataclass as the plain values that YAML knows, of which ``build`` makes it again."""
    return _lists(asdict(config))


def settings_of(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the plain values that a configuration dataclass has fields for."""
    return {field.name: values[field.name] for field in fields(kind) if field.name in values}


@cache
def _validator(kind: type) -> SchemaValidator:
    """Pydantic's, which takes a list for a tuple, but no scalar for another."""
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
