"""Generate docs/configuration.md and the JSON schema from the typed description of a configuration."""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DataclassSchema

from mnerflow.code.fingerprint import PACKAGE
from mnerflow.config.configuration import Configuration
from mnerflow.config.refusals import Node, meaning, resolve, values_of
from mnerflow.files.writing import write_text

ROOT = PACKAGE.parents[1]
PAGE, SCHEMA = ROOT / "docs/configuration.md", ROOT / "workflow/schemas/config.schema.json"
EXAMPLE = " such as 1.0e-3"
INTRODUCTION = """\
# Configuration

Every key that a configuration file may contain. A file given with `--configfile` overrides `config.yaml`
and `config/datasets.yaml` value by value; `--config key=value` overrides both, also inside a key, as in
`--config 'training={epochs: 3}'`. An unknown key or a wrong value is refused before anything runs. Keys in
bold are required.

`make reference` generates this page from `mnerflow.config`, and also `workflow/schemas/config.schema.json`
for editors.
"""


def json_schema() -> Node:
    """The JSON schema of a configuration, with the meaning of every key."""
    schema = TypeAdapter(Configuration).json_schema(schema_generator=_Described)
    return {"$schema": GenerateJsonSchema.schema_dialect} | schema


def page() -> str:
    """docs/configuration.md: a table for each section, and an explanation of the forms of text."""
    schema = json_schema()
    sections = _sections(schema)
    parts = [INTRODUCTION]
    for name, path in sections.items():
        node = schema["$defs"].get(name, schema)
        parts += [f"## {f'`{path}`' if path else 'Top level'}\n", f"{node['description']}\n"]
        parts += ["| key | type | default | meaning |\n|---|---|---|---|"]
        for key, given in node["properties"].items():
            label = f"**`{key}`**" if key in node.get("required", []) else f"`{key}`"
            cells = (label, _type(schema, given, sections), _default(given), given["description"])
            parts.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
        parts.append("")
    parts.append("## Forms of text\n")
    parts += [f"- {term}: {said}." for term, said in sorted(_forms(schema))]
    return "\n".join(parts) + "\n"


def files() -> dict[Path, str]:
    """The generated files and their contents."""
    return {PAGE: page(), SCHEMA: json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"}


class _Described(GenerateJsonSchema):
    """Adds descriptions from the docstrings of dataclasses, and the defaults that factories make."""

    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        found = super().dataclass_schema(schema)
        cls = schema["cls"]
        found["description"] = " ".join((cls.__doc__ or "").partition("\n\n")[0].split())
        said = {key: text for base in reversed(cls.__mro__) for key, text in _attributes(base)}
        made = {
            field.name: field.default_factory() for field in fields(cls) if callable(field.default_factory)
        }
        for key, node in found["properties"].items():
            node["description"] = said[key]
            if made.get(key) and isinstance(made[key], list):
                node["default"] = made[key]
        return found

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: a title would only repeat the key."""
        return False


def _attributes(cls: type) -> Iterator[tuple[str, str]]:
    """Each attribute and its description, from the list ``Attributes`` of a docstring."""
    _, _, listed = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")
    for entry in re.split(r"\n(?=    \w)", listed):
        key, _, text = entry.partition(":")
        text = " ".join(text.split()).replace("``", "`")
        if text:
            yield key.strip(), text[0].upper() + text[1:]


def _sections(schema: Node) -> dict[str, str]:
    """The shortest path to each mapping of known keys, by the name of its definition; in the file's order."""
    found = dict(_paths(schema, resolve(schema, schema), ""))
    shortest: dict[str, str] = {}
    for path, name in found.items():
        if name not in shortest or path.count(".") < shortest[name].count("."):
            shortest[name] = path
    return {name: path for path, name in found.items() if shortest[name] == path}


def _paths(schema: Node, node: Node, path: str, name: str = "") -> Iterator[tuple[str, str]]:
    if "properties" in node:
        yield path, name
        inner = {f"{path}.{key}".strip("."): one for key, one in node["properties"].items()}
    else:
        inner = {f"{path}[]" if node.get("type") == "array" else f"{path}.NAME": _inner(node)}
    for place, one in inner.items():
        if one:
            yield from _paths(schema, resolve(schema, one), place, _definition(one))


def _definition(node: Node) -> str:
    """The name of the section that a part of a schema refers to."""
    refers = [form["$ref"] for form in (node, *node.get("anyOf", [])) if "$ref" in form]
    return refers[0].rsplit("/", 1)[-1] if refers else ""


def _inner(node: Node) -> Node:
    """The schema of the values in a list or in a mapping by name."""
    return node.get("items", {}) if node.get("type") == "array" else values_of(node)


def _type(schema: Node, given: Node, sections: dict[str, str]) -> str:
    node = resolve(schema, given)
    if path := sections.get(_definition(given)):
        other = "".join(f"{_type(schema, one, {})} or " for one in given.get("anyOf", []) if "title" in one)
        return f"{other}[`{path}`](#{re.sub(r'[^a-z_]', '', path.lower())})"
    forms = [form for form in given.get("anyOf", []) if form.get("type") != "null"]
    if len(forms) > 1:
        return " or ".join(_type(schema, form, sections) for form in forms)
    if inner := _inner(node):
        keys = ", ".join(node.get("propertyNames", {}).get("enum", ["name"]))
        outer = "list" if node["type"] == "array" else f"by {keys}"
        return f"{outer}: {_type(schema, inner, sections)}"
    return meaning(node | {"$comment": node["title"]} if "title" in node else node).replace(EXAMPLE, "")


def _default(given: Node) -> str:
    value = given.get("default")
    return "" if value in (None, "") or isinstance(value, dict) else f"`{json.dumps(value)}`"


def _forms(node: Any) -> set[tuple[str, str]]:
    """The terms for forms of text, with what each means."""
    if isinstance(node, list):
        return set().union(*map(_forms, node))
    if not isinstance(node, dict):
        return set()
    form = {(node["title"], node["$comment"])} if {"title", "$comment"} <= node.keys() else set()
    return form.union(*map(_forms, node.values()))


if __name__ == "__main__":
    for file, text in files().items():
        write_text(file, text)
