"""Do a job in one process or in several, and say what became of them."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from mnerflow.errors import UserError
from mnerflow.training import worker


def launch(
    task: Callable[..., None], arguments: dict[str, Any], processes: int, log_file: str | Path
) -> None:
    """Call ``task`` in this process or, as torchrun does, in several of this machine at once.

    When one of several ends early, all end. Raises ``UserError`` with what it said, or with the signal that
    killed it. A signal to this process is passed on; it then ends with status 128 + signal.

    Args:
        task: a function that can be imported.
        arguments: its arguments, which JSON must be able to say.
        processes: how many.
        log_file: to which the first of several appends.
    """
    if processes == 1:
        return task(**arguments)
    passed_on = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGUSR1"]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        passed_on.append("SIGHUP")
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=str(os.getpid()),
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts=0,
        signals_to_handle=",".join(passed_on),
    )
    try:
        elastic_launch(config, sys.executable)(
            "-m",
            worker.__name__,
            str(log_file),
            task.__module__,
            task.__name__,
            json.dumps(arguments),
        )
    except ChildFailedError as error:
        rank, failure = min(error.failures.items(), key=lambda item: _place(item[1]))
        raise _reason(f"process {rank + 1} of {processes}", failure) from None
    except SignalException as error:
        if error.sigval is signal.SIGINT:
            raise KeyboardInterrupt from None
        sys.exit(128 + error.sigval)


def _place(failure: ProcessFailure) -> tuple[bool, bool, int]:
    """Failures that explain others come first: when one process dies, the others lose their connection."""
    return not _said(failure).startswith("UserError: "), failure.exitcode >= 0, failure.timestamp


def _said(failure: ProcessFailure) -> str:
    return failure.message["message"] if isinstance(failure.message, dict) else failure.message


def _reason(process: str, failure: ProcessFailure) -> Exception:
    if failure.exitcode < 0:
        return UserError(
            f"{process} was killed by {failure.signal_name()}, and the job has stopped. SIGKILL and SIGABRT "
            "often mean that memory did not suffice: run fewer jobs at once, give this one more, or lower "
            "`batch_tokens` in its `training` settings. Run again to go on."
        )
    said = _said(failure)
    if said.startswith("UserError: "):
        return UserError(said.removeprefix("UserError: "))
    if isinstance(failure.message, dict):
        said = failure.message["extraInfo"]["py_callstack"]
    return RuntimeError(f"{process} ended with status {failure.exitcode}: {said}")
