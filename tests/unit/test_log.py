"""A job's log lists every warning, its terminal a few of each kind."""

from pathlib import Path

import pytest

from mnerflow.log import FEW, job, logger


def test_warnings_of_a_kind_do_not_fill_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(logger, "handlers", [])
    path = tmp_path / "prepare.log"
    with job("prepare", path):
        for number in range(FEW + 5):
            logger.warning("post %d: left out", number)
        logger.warning("dev: no group")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:FEW] == [f"post {number}: left out" for number in range(FEW)]
    assert lines[FEW:] == [f"{path} lists more like this one", "dev: no group"]
    assert path.read_text().count(": left out") == FEW + 5
