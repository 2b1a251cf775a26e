"""Types of values that several parts of a configuration share, with the form that each requires."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from mnerflow.config.refusals import refused

T = TypeVar("T")


class Section:
    """A dataclass into which a part of the configuration file is read.

    The list ``Attributes`` of its docstring explains each key; docs/configuration.md is generated from it.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Matching:
    """Text that must match a ``pattern``, whose form has a ``name`` and a ``meaning``.

    A ``secret`` text is never printed.
    """

    name: str
    pattern: str
    meaning: str
    secret: bool = field(default=False, kw_only=True)

    def check(self, value: str) -> str:
        """Return the text, or refuse it where it does not match."""
        if not re.search(self.pattern, value):
            given = "what is given" if self.secret else repr(value)
            raise refused(f"{given} is not {self.meaning}")
        return value

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(kind))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | {
            "pattern": self.pattern,
            "title": self.name,
            "$comment": self.meaning,
        }


def _given(value: Any) -> Any:
    if value is None:
        raise refused("empty; give a value, or leave the key out")
    return value


def _distinct(values: list[T]) -> list[T]:
    if twice := [value for value in values if values.count(value) > 1]:
        raise refused(f"{twice[0]!r} is listed twice; remove one")
    return values


def _of_every_split(counts: dict[str, int]) -> dict[str, int]:
    if missing := [split for split in ("train", "dev", "test") if split not in counts]:
        raise refused(f"{', '.join(missing)} missing; give a number for each split")
    return counts


def _with_train(files: Mapping[str, Any]) -> Mapping[str, Any]:
    if "train" not in files:
        raise refused("'train' is missing; name its file, dev and test can be drawn from it")
    return files


Maybe = Annotated[T | None, BeforeValidator(_given)]  # a key that may be left out, but not be empty
Several = Annotated[list[T], Field(min_length=1)]
Distinct = Annotated[list[T], Field(min_length=1), AfterValidator(_distinct)]

Name = Annotated[
    str,
    Matching(
        "name",
        r"^(?!none$)[A-Za-z0-9_-][A-Za-z0-9_.-]*(?!\n)$",
        "a name of letters, digits and _.- (not none, and no dot first)",
    ),
]
# A name of the grid: of filters, several joined by +.
Joined = Annotated[
    str, Matching("names joined by +", r"^[A-Za-z0-9_.+-]+(?!\n)$", "a name of letters, digits and _.+-")
]
EntityType = Annotated[
    str,
    Matching(
        "entity type", r"^[^\s\x00-\x1f\x7f-\x9f]+(?!\n)$", "an entity type without spaces, such as PER"
    ),
]
InnerPath = Annotated[
    str,
    Matching(
        "inner path",
        r"^(?![/~])(?![A-Za-z]:)(?!(.*/)?[.][.](/|$))[^\\{}\x00-\x1f\x7f-\x9f]+(?!\n)$",
        "a path below its folder (without .., a drive, backslashes, curly brackets or control characters)",
    ),
]
Sha256 = Annotated[str, Matching("sha256", r"^[0-9a-f]{64}(?!\n)$", "64 hexadecimal digits in lower case")]
Address = Annotated[
    str,
    Matching(
        "address",
        r"^(?!\w+://[^/]*@)",
        "an address without a name or password in front of its host",
        secret=True,
    ),
]
ApiAddress = Annotated[
    str,
    Matching(
        "address of an API",
        r"^https?://[^@?#]+$",
        "the address of an OpenAI-compatible API, such as http://localhost:8000/v1, without a name or key",
        secret=True,
    ),
]
KeyVariable = Annotated[
    str,
    Matching(
        "variable",
        r"^[A-Z_][A-Z0-9_]{0,63}$",
        "the name of an environment variable in capitals that contains the key; never write the key itself "
        "into a file",
        secret=True,
    ),
]
Source = Annotated[
    str,
    Matching(
        "source",
        r"^(path:.+|package:\w[^/]*==[^/]+/.+|"
        r"(?![.]{1,2}/|[^/]*/[.]{1,2}(/|$))[^/:]+/[^/:]+(/[^/:]+[.]gguf)?)$",
        "ORG/NAME or ORG/NAME/FILE.gguf on the model hub, package:NAME==VERSION/FOLDER, or path:FOLDER",
    ),
]
WrongSource = Annotated[
    str,
    Matching(
        "condition",
        r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*[.](shuffled|blank)(?!\n)$",
        "a source, a dot and shuffled or blank, such as image.shuffled",
    ),
]
Split = Literal["train", "dev", "test"]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
PartShare = Annotated[float, Field(gt=0, lt=1)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Pixels = Annotated[int, Field(ge=16, le=2048)]
Rate = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
# A file, or several.
Files = Annotated[
    Several[InnerPath],
    BeforeValidator(
        lambda files: [files] if isinstance(files, str) else files,
        json_schema_input_type=InnerPath | Several[InnerPath],
    ),
]
SplitFiles = Annotated[dict[Split, Files], AfterValidator(_with_train)]
Counts = Annotated[dict[Split, Positive], AfterValidator(_of_every_split)]
