"""Write ``docs/compatibility.md``: which families of models work and which are refused.

Run as ``python benchmarks/compatibility``. All models are tiny and random; no network is needed.
"""

from importlib import import_module
from pathlib import Path

from mnerflow.files.writing import atomic_path

PAGE = Path(__file__).parents[2] / "docs/compatibility.md"
HEAD = """# What works and what is refused

Written by `python benchmarks/compatibility`, which needs no network:
it makes a tiny random model of every family.
"""

modules = map(import_module, ("text_families", "tokenizer_kinds", "image_models"))
parts = [section for module in modules for section in module.sections()]
with atomic_path(PAGE) as temporary:
    temporary.write_text("\n".join([HEAD, *parts]), encoding="utf-8")
