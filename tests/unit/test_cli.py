"""What every command says of a mistake and of Ctrl-C: one sentence that says what to do."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_messages import ASKS

from mnerflow.cli import COMMANDS, main, parser

# What each is given beside a path that is not there.
MISSING = {
    "predict": ["nowhere", "Ann"],
    "tag": ["nowhere", "Ann"],
    "export": ["nowhere", "out"],
    "unpack": ["out", "--from", "nowhere"],
    "compare": ["nowhere", "--from", "nowhere"],
    "doctor": ["--configfile", "nowhere"],
}


def commands() -> dict[str, argparse.ArgumentParser]:
    [found] = [action.choices for action in parser()._actions if isinstance(action.choices, dict)]
    return found


def arguments() -> Iterator[tuple[str, argparse.Action]]:
    """All that a command takes as something other than text and paths."""
    for name, command in commands().items():
        for action in command._actions:
            if action.type not in (None, Path):
                yield name, action


@pytest.mark.parametrize("name", COMMANDS)
def test_a_path_that_is_not_there_is_named_with_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([name, *MISSING.get(name, ["nowhere"])]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("mnerflow: nowhere") and ASKS.search(said), said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "action"), arguments())
def test_an_argument_that_cannot_be_taken_says_what_can(
    name: str, action: argparse.Action, capsys: pytest.CaptureFixture
) -> None:
    assert action.type not in (int, float), "takes any number, also 0, -1 and nan"
    is_number = action.type.__module__ == "mnerflow.cli._arguments"
    for given in ("-1", "nan", "x") if is_number else (",",):
        with pytest.raises(SystemExit):
            commands()[name].parse_args([f"{action.option_strings[0]}={given}", *["x"] * 2])
        said = capsys.readouterr().err.splitlines()[-1]
        assert f"argument {action.option_strings[0]}: {given!r} " in said and ASKS.search(said), said


def test_a_study_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/mine/tables").mkdir(parents=True)
    (tmp_path / "results/mine/tables/grid.csv").touch()
    assert main(["show"]) == 1
    assert capsys.readouterr().err == (
        "mnerflow: results/default/tables/grid.csv: no such file. Run the workflow to its end first, or name "
        "a study that has it: results/mine.\n"
    )


def test_ctrl_c_ends_a_command_in_one_sentence_also_while_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    try:
        for place in ("mnerflow.cli.parser", "mnerflow.cli.doctor.run"):
            with monkeypatch.context() as patch:
                patch.setattr(place, interrupted)
                assert main(["doctor"]) == 130
            assert capsys.readouterr().err == "mnerflow: stopped\n"
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("redirection", "status", "said"),
    [
        (
            ">/dev/full",
            1,
            "mnerflow: standard output could not be written (No space left on device). Free some",
        ),
        (">&-", 0, ""),
    ],
)
@pytest.mark.parametrize("command", ["runs", "predict"])
def test_output_that_cannot_be_written(
    command: str, redirection: str, status: int, said: str, tmp_path: Path
) -> None:
    """As of any command; these are replaced by a few words each."""
    code = (
        f"import sys; import mnerflow.cli.{command} as c; c.run = lambda given: sys.stdout.write('x') and 0;"
        f"from mnerflow.cli import main; sys.exit(main(['{command}']))"
    )
    shell = ["sh", "-c", f'exec "$0" -c "$1" {redirection}', sys.executable, code]
    ended = subprocess.run(shell, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == status and ended.stderr.startswith(said) and len(ended.stderr) < len(said) + 20


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("import mnerflow.compute.start_up; wait()", -signal.SIGINT, ""),
        (
            "import mnerflow.compute.start_up\nfrom mnerflow.log import job\nwith job('x', 'log'): wait()",
            130,
            "stopped after",
        ),
    ],
    ids=["while it loads PyTorch", "at work"],
)
def test_ctrl_c_ends_a_job_without_a_traceback(code: str, status: int, said: str, tmp_path: Path) -> None:
    wait = "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    wait += "def wait():\n    print('waits', flush=True)\n    time.sleep(60)\n"
    command = [sys.executable, "-c", wait + code]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert process.returncode == status and "Traceback" not in error and error.startswith(said)
