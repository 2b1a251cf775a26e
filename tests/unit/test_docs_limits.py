"""The table of limits in docs/data.md against the constants that it names."""

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/data.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| .+ \| ([\d,]+) \| .+ \| `([\w.]+)\.([A-Z_]+)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("limit", "module", "constant"), ROWS)
def test_a_limit_is_what_the_code_says(limit: str, module: str, constant: str) -> None:
    assert getattr(import_module(f"mnerflow.{module}"), constant) == int(limit.replace(",", ""))


def test_the_table_is_read_whole() -> None:
    section = PAGE.partition("\n## Limits\n")[2].partition("\n## ")[0]
    assert len(ROWS) == section.count("\n|") - 2 > 10
