"""One of the processes that train a run, as ``launch`` starts them, with a log file and an order in JSON."""

import ctypes
import json
import logging
import os
import signal
import sys

from torch.distributed.elastic.multiprocessing.errors import get_error_handler

from mnerflow.log import log_to, logger
from mnerflow.training.processes import join
from mnerflow.training.run import train_order

PR_SET_PDEATHSIG = 1


def main(log_file: str, order: str) -> None:
    """Train; what goes wrong is left to the launcher to tell."""
    if sys.platform == "linux":  # A process that outlives its launcher would write into another's files.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches all; only the launcher answers.
    logger.handlers = [logging.NullHandler()]
    if os.environ["RANK"] == "0":
        log_to(log_file)
    try:
        with join():
            train_order(**json.loads(order))
    except Exception as error:
        get_error_handler().record_exception(error)
        os._exit(1)  # at once: the others wait for this one


if __name__ == "__main__":
    main(*sys.argv[1:])
