"""Typed fields of a JSON object that describes a post."""

from typing import Any

from mnerflow.errors import UserError

OTHER_NAMES = {"tokens": "text", "labels": "label"}


def identifier(record: dict[str, Any], name: str, place: str) -> str:
    """The text or whole number in the field ``name``, as text; raises ``UserError`` for anything else."""
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _wrong(record, name, "text or a whole number", place)
    return str(value)


def string(record: dict[str, Any], name: str, place: str) -> str:
    """The string in the field ``name``, empty if it is missing; raises ``UserError`` for anything else."""
    value = record.get(name, "")
    if not isinstance(value, str):
        raise _wrong(record, name, "a string", place)
    return value


def texts(record: dict[str, Any], name: str, place: str) -> dict[str, str]:
    """The object of strings in the field ``name``, empty if it is missing.

    Raises ``UserError`` for anything else.
    """
    values = record.get(name, {})
    if not isinstance(values, dict):
        raise _wrong(record, name, "an object of strings", place)
    return {key: string(values, key, f"{place}: {name}") for key in values}


def strings(record: dict[str, Any], name: str, place: str) -> list[str]:
    """The list of strings in the field ``name`` or, if that is missing, in the field of its other name.

    Raises ``UserError`` for anything else.
    """
    if name not in record and OTHER_NAMES.get(name) in record:
        name = OTHER_NAMES[name]
    values = record.get(name)
    if not isinstance(values, list):
        raise _wrong(record, name, "a list of strings", place)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise UserError(
                f"{place}: item {index + 1} of the field {name!r} is {_json_type(value)}. "
                "Write a string in quotation marks."
            )
    return values


def _wrong(record: dict[str, Any], name: str, expected: str, place: str) -> UserError:
    if name not in record:
        return UserError(f"{place}: the field {name!r} is missing. Add {expected}.")
    return UserError(f"{place}: the field {name!r} is {_json_type(record[name])}. Write {expected}.")


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    kinds: dict[type, str] = {str: "a string", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")
