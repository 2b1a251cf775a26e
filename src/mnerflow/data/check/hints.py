"""What a user may say about their data before it is checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mnerflow.data.config import Columns


@dataclass(frozen=True)
class Hints:
    """What is known about the data; its types, format and columns are inferred if they are left out.

    Attributes:
        types: entity types that labels may have; ``None`` for all that are found.
        format: name of the parser of all files, a module of ``mnerflow.data.formats``.
        columns: columns of a table.
        options: further options of the format, by name.
    """

    types: Sequence[str] | None = None
    format: str | None = None
    columns: Columns | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
