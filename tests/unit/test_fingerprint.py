"""The fingerprint of a run changes with the code that the run uses, and with no other."""

import ast
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import pytest

import mnerflow
from mnerflow.code.fingerprint import fingerprint as of_files

TRAIN = "mnerflow.training.run"
LINEAR = "mnerflow.models.fusions.linear"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the library that may be edited."""
    copy = tmp_path / "mnerflow"
    shutil.copytree(Path(mnerflow.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def fingerprint(package: Path, *sources: str | Path) -> str:
    """The fingerprint as the copy computes it, in a module of its own: it remembers what it has read."""
    spec = importlib.util.spec_from_file_location("copied_fingerprint", package / "code/fingerprint.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look their module up
    spec.loader.exec_module(module)
    return module.fingerprint(*sources)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "retrains"),
    [
        # Imported by training.run, by training.loop below it, by the fusion that is named.
        ("training/batches.py", "STRETCH = 50", "STRETCH = 51", True),
        ("training/batches.py", "current and", "current or", True),
        ("data/tags.py", 'OUTSIDE = "O"', 'OUTSIDE = "0"', True),
        ("models/fusions/linear.py", "dropout: float = 0.1", "dropout: float = 0.2", True),
        ("models/fusions/__init__.py", "clamp(min=1)", "clamp(min=2)", True),
        ("training/batches.py", "STRETCH = 50", "# Enough.\nSTRETCH = (50)", False),
        ("models/fusions/linear.py", '"""The thesis\'s linear fusion', '"""A linear fusion', False),
        # A function of a module that training uses, which training does not reach.
        ("plan/names.py", 'return "+".join(', 'return "-".join(', False),
        ("evaluation/scores.py", "METRICS = ", "METRICS = METRICS_ = ", False),
        # What writes, logs and measures.
        ("files/writing.py", "import os", "import os\nWRITTEN = []", False),
        ("training/energy.py", "import", "WATTS = 1\nimport", False),
        # Words for a reader: an error, a line of the log, what a type checker reads.
        ("training/run.py", "no training post has a word left", "no word is left", False),
        ("training/loop.py", '"kept epoch %d of %d"', '"epoch %d of %d is kept"', False),
        ("training/batches.py", "lengths: Sequence[int], max_units", "lengths: list[int], max_units", False),
        # But not what an error depends on, nor what is counted for it.
        ("training/run.py", "if not usable:", "if usable:", True),
        # Another fusion, another encoder, a plot.
        ("models/fusions/cross_attention.py", "heads: int = 4", "heads: int = 8", False),
        ("models/text_encoders/bilstm.py", "LONGEST_WORD = 24", "LONGEST_WORD = 25", False),
        ("reporting/style.py", "import", "import math\nimport", False),
    ],
)
def test_what_retrains(file: str, old: str, new: str, retrains: bool, package: Path) -> None:
    before = fingerprint(package, TRAIN, LINEAR)
    edit(package / file, old, new)
    assert (fingerprint(package, TRAIN, LINEAR) != before) == retrains


@pytest.mark.parametrize(
    ("file", "old", "new", "computes"),
    [
        ("models/image_encoders/timm.py", "patches.shape[1] < 2", "patches.shape[1] < 3", True),
        ("models/fusions/__init__.py", "clamp(min=1)", "clamp(min=2)", False),
        ("models/tagger.py", "import", "import math\nimport", False),
    ],
)
def test_what_computes_image_features_anew(
    file: str, old: str, new: str, computes: bool, package: Path
) -> None:
    features = ("mnerflow.training.features", "mnerflow.models.image_encoders.timm")
    before = fingerprint(package, *features)
    edit(package / file, old, new)
    assert (fingerprint(package, *features) != before) == computes


def test_words_of_errors_and_of_the_log_retrain_nothing(package: Path) -> None:
    before = fingerprint(package, TRAIN, LINEAR)
    said = re.compile(r'(UserError|logger\.\w+)\((\s*)(f?")')
    reworded = 0
    for file in package.rglob("*.py"):
        text, found = said.subn(r"\1(\2\3Said anew: ", file.read_text(encoding="utf-8"))
        file.write_text(text, encoding="utf-8")
        reworded += found
    assert reworded > 100
    assert fingerprint(package, TRAIN, LINEAR) == before


def test_every_definition_that_a_training_reaches_counts(package: Path) -> None:
    loop = package / "training/loop.py"
    source = loop.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    before = fingerprint(package, TRAIN, LINEAR)
    for function in functions:
        edited = source.split("\n")
        edited.insert(function.body[-1].lineno - 1, " " * function.body[-1].col_offset + "changed = 1")
        loop.write_text("\n".join(edited), encoding="utf-8")
        assert fingerprint(package, TRAIN, LINEAR) != before, function.name
    assert functions


def test_a_script_counts_with_all_that_it_imports(package: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from mnerflow.training.run import train_run\n\ntrain_run()\n", encoding="utf-8")
    before = fingerprint(package, script)
    edit(package / "training/batches.py", "STRETCH = 50", "STRETCH = 51")
    assert fingerprint(package, script) != before


def test_the_order_of_sources_does_not_count(package: Path) -> None:
    assert fingerprint(package, TRAIN, LINEAR) == fingerprint(package, LINEAR, TRAIN)


def test_what_a_module_imports_from_beside_it_counts(package: Path) -> None:
    edit(
        package / "models/fusions/linear.py",
        "import torch",
        "import torch\nfrom .helper import SCALE\nTWICE = 2 * SCALE",
    )
    helper = package / "models/fusions/helper.py"
    helper.write_text("SCALE = 1\n", encoding="utf-8")
    before = fingerprint(package, LINEAR)
    edit(helper, "1", "2")
    assert fingerprint(package, LINEAR) != before


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("x = 1\n", '"""Doc."""\nx = 1  # why\n', True),
        ("def f():\n    return 1\n", 'def f():\n    """Doc."""\n\n    return (1)\n', True),
        ("x = 1 + 2\n", "x = 1 - 2\n", False),
        ("x = 'a'\n", "x = 'b'\n", False),
        ("def f(x): return x\n", "def f(x: int) -> int: return x\n", True),
        ("def f(): raise UserError('a')\n", "def f(): raise UserError('b') from None\n", True),
        ("def f(): raise UserError('a')\n", "def f(): return UserError('a')\n", False),
        ("from math import pi\nx = pi\n", "from numpy import pi\nx = pi\n", False),
        ("x = 1\n", "import math\nx = 1\n", True),
    ],
)
def test_a_fingerprint_is_of_what_code_does(before: str, after: str, same: bool, tmp_path: Path) -> None:
    files = [tmp_path / "before.py", tmp_path / "after.py"]
    for file, text in zip(files, (before, after), strict=True):
        file.write_text(text, encoding="utf-8")
    assert (of_files(files[0]) == of_files(files[1])) == same
