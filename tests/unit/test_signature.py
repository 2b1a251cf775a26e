"""Options read off a file are those of the class that it holds."""

import inspect
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from mnerflow import signature
from mnerflow.fingerprint import PACKAGE
from mnerflow.models.decoders import Decoder
from mnerflow.models.fusions import Fusion
from mnerflow.models.parts import load_class
from mnerflow.signature import options_class

SHIPPED = [
    (package, file.stem)
    for package in ("fusions", "decoders")
    for file in sorted((PACKAGE / "models" / package).glob("[!_]*.py"))
]


def options(package: str, kind: str) -> dict[str, bool]:
    """Which options there are, and whether one may be left out."""
    return {option.name: option.default is not MISSING for option in fields(options_class(package, kind))}


@pytest.mark.parametrize(("package", "kind"), SHIPPED)
def test_options_are_what_the_constructor_takes(package: str, kind: str) -> None:
    cls = load_class(package, kind, {"fusions": Fusion, "decoders": Decoder}[package])
    given = {"self", "sizes", "tags"} | ({"d_model"} if package == "decoders" else set())
    parameters = inspect.signature(cls.__init__).parameters.values()
    expected = {one.name: one.default is not one.empty for one in parameters if one.name not in given}
    assert options(package, kind) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "from mnerflow.models.decoders.softmax import Softmax\n"
            "class Own(Softmax):\n    def __init__(self, d_model, tags, scale: float, *, bias: bool = True, "
            "**options):\n        super().__init__(d_model, tags, **options)",
            {"scale": False, "bias": True, "class_weights": True, "focal": True},
        ),
        (
            "from mnerflow.models.decoders.softmax import Softmax as S\nclass Own(S):\n    pass",
            {"class_weights": True, "focal": True},
        ),
        (
            "from mnerflow.models.decoders import Decoder\nclass Own(Decoder):\n    pass",
            {},
        ),
        ("from mnerflow.models import decoders\nclass Own(decoders.Decoder):\n    pass", None),
        ("x = 1", None),
    ],
    ids=["passed on", "not its own", "none", "not to be told", "no class"],
)
def test_options_are_inherited(code: str, expected: dict | None, tmp_path: Path, monkeypatch) -> None:
    for name in ("__init__", "softmax"):
        file = tmp_path / f"models/decoders/{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            (PACKAGE / f"models/decoders/{name}.py").read_text(encoding="utf-8"), encoding="utf-8"
        )
    file.with_name("own.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(signature, "PACKAGE", tmp_path)
    for cached in (signature._tree, options_class):
        cached.cache_clear()
    try:
        assert (options_class("decoders", "own") and options("decoders", "own")) == expected
    finally:
        for cached in (signature._tree, options_class):
            cached.cache_clear()


def test_nothing_is_imported() -> None:
    code = "import sys; from mnerflow.signature import options_class\n"
    code += "assert options_class('decoders', 'span'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
