"""One of the processes that ``launch`` starts."""

import ctypes
import json
import logging
import os
import signal
import sys
from importlib import import_module

from torch.distributed.elastic.multiprocessing.errors import get_error_handler

from mnerflow.compute.memory import peak_memory_mib
from mnerflow.compute.processes import join
from mnerflow.log import log_to, logger

PR_SET_PDEATHSIG = 1


def main(log_file: str, module: str, task: str, arguments: str) -> None:
    """Call a module's function with arguments in JSON; what goes wrong is left to the launcher to tell."""
    if sys.platform == "linux":  # A process that outlives its launcher would write into another's files.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(os.environ["TORCHELASTIC_RUN_ID"]):  # It had died before.
            os.kill(os.getpid(), signal.SIGKILL)
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches all; only the launcher answers.
    logger.handlers = [logging.NullHandler()]
    if os.environ["RANK"] == "0":
        log_to(log_file)
    try:
        with join():
            getattr(import_module(module), task)(**json.loads(arguments))
        logger.info("peak memory of the first process %d MiB", peak_memory_mib())
    except Exception as error:
        get_error_handler().record_exception(error)
        os._exit(1)  # at once: the others wait for this one


if __name__ == "__main__":
    main(*sys.argv[1:])
