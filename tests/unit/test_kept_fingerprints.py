"""Fingerprints are kept from start to start, and never those of other code."""

from pathlib import Path

import pytest

from mnerflow.code import kept_fingerprints
from mnerflow.code.fingerprint import fingerprint
from mnerflow.code.kept_fingerprints import KeptFingerprints

BATCHES = "mnerflow.training.batches"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder with one script, which chooses a module by its name."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n", encoding="utf-8")
    return folder


def test_a_second_start_computes_none_again(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = KeptFingerprints(scripts, tmp_path / "kept.json")
    found = [first.of("train.py"), first.of("train.py", BATCHES)]
    assert found == [fingerprint(scripts / "train.py"), fingerprint(scripts / "train.py", BATCHES)]
    first.keep()
    monkeypatch.delattr(kept_fingerprints, "fingerprint")
    second = KeptFingerprints(scripts, tmp_path / "kept.json")
    assert [second.of("train.py"), second.of("train.py", BATCHES)] == found


def test_those_of_other_code_are_computed(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = KeptFingerprints(scripts, tmp_path / "kept.json")
    first.of("train.py")
    first.keep()
    (scripts / "score.py").touch()  # which one of the modules might read
    monkeypatch.setattr(kept_fingerprints, "fingerprint", lambda *sources: "computed")
    assert KeptFingerprints(scripts, tmp_path / "kept.json").of("train.py") == "computed"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"code": 1, "of": 2}'])
def test_a_damaged_file_is_passed_over(text: str, scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(text, encoding="utf-8")
    found = KeptFingerprints(scripts, tmp_path / "kept.json")
    assert found.of("train.py") == fingerprint(scripts / "train.py")
    found.keep()


def test_a_place_that_cannot_be_written_is_no_error(scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = KeptFingerprints(scripts, tmp_path / "file/kept.json")
    assert found.of("train.py") == fingerprint(scripts / "train.py")
    found.keep()
