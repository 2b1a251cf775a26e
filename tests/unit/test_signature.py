"""Options read off a file are those of the class that it holds."""

import inspect
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from mnerflow.code import fingerprint, signature
from mnerflow.code.fingerprint import PACKAGE
from mnerflow.code.signature import fusion_inputs, options_class
from mnerflow.models.decoders import Decoder
from mnerflow.models.fusions import Fusion
from mnerflow.plan.encoders import ENCODERS
from mnerflow.registry import load, load_class, names_in


def shipped(*packages: str) -> list[tuple[str, str]]:
    folders = {package: PACKAGE / "models" / package for package in packages}
    return [(name, file.stem) for name, folder in folders.items() for file in sorted(folder.glob("[!_]*.py"))]


SHIPPED = shipped("fusions", "decoders")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the models that may get files of its own."""

    def forget() -> None:
        for cached in (signature._tree, options_class, fusion_inputs):
            cached.cache_clear()

    package = tmp_path / "mnerflow"
    shutil.copytree(PACKAGE / "models", package / "models")
    monkeypatch.setattr(fingerprint, "PACKAGE", package)
    forget()
    yield package / "models"
    forget()


def options(package: str, kind: str) -> dict[str, bool]:
    """Which options there are, and whether one may be left out."""
    return {option.name: option.default is not MISSING for option in fields(options_class(package, kind))}


@pytest.mark.parametrize(("package", "kind"), SHIPPED)
def test_options_are_what_the_constructor_takes(package: str, kind: str) -> None:
    cls = load_class(f"models.{package}", kind, {"fusions": Fusion, "decoders": Decoder}[package])
    given = {"self", "sizes", "tags"} | ({"d_model"} if package == "decoders" else set())
    parameters = inspect.signature(cls.__init__).parameters.values()
    expected = {one.name: one.default is not one.empty for one in parameters if one.name not in given}
    assert options(package, kind) == expected


@pytest.mark.parametrize(
    ("package", "kind"),
    [
        (package, kind)
        for package in ENCODERS
        for kind in names_in(f"models.{package}")
        if hasattr(load(f"models.{package}", kind, "kind"), "Config")
    ],
)
def test_options_of_encoders_are_the_fields_of_their_config(package: str, kind: str) -> None:
    config = load(f"models.{package}", kind, "kind").Config
    optional = {
        one.name: one.default is not MISSING or one.default_factory is not MISSING for one in fields(config)
    }
    assert options(package, kind) == optional


def test_a_config_with_a_base_class_from_elsewhere_is_not_read(folder: Path) -> None:
    (folder / "text_encoders/own.py").write_text("import x\nclass Config(x.Base):\n    size: int = 1")
    assert options_class("text_encoders", "own") is None


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
def test_options_are_inherited(code: str, expected: dict | None, folder: Path) -> None:
    (folder / "decoders/own.py").write_text(code, encoding="utf-8")
    assert (options_class("decoders", "own") and options("decoders", "own")) == expected


@pytest.mark.parametrize("kind", [kind for package, kind in SHIPPED if package == "fusions"])
def test_inputs_are_what_the_class_says(kind: str) -> None:
    assert fusion_inputs(kind) == load_class("models.fusions", kind, Fusion).inputs


TEXT_ONLY = "from mnerflow.models.fusions.text_only import TextOnly\n"


@pytest.mark.parametrize(
    ("code", "inputs"),
    [
        (TEXT_ONLY + "class Mine(TextOnly): pass", ("text",)),
        ("from .image_only import ImageOnly as A\nclass B: inputs = 1\nclass C(A): pass", ("image",)),
        ("from mnerflow.models.fusions import Fusion\nclass Mine(Fusion): pass", ("text", "image")),
        ("from . import Fusion\nclass Mine(Fusion):\n inputs: tuple = ('image',)", ("image",)),
        (TEXT_ONLY + "class Mine(TextOnly): inputs = both()", None),
        ("import mnerflow.models.fusions as f\nclass Mine(f.Fusion): pass", None),
    ],
    ids=["derived", "renamed", "default", "annotated", "computed", "not to be told"],
)
def test_inputs_are_inherited(code: str, inputs: tuple[str, ...] | None, folder: Path) -> None:
    (folder / "fusions/own.py").write_text(code, encoding="utf-8")
    assert fusion_inputs("own") == inputs


def test_nothing_is_imported() -> None:
    code = "import sys; from mnerflow.code.signature import options_class\n"
    code += "assert options_class('decoders', 'span'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
