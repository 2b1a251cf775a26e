"""Listen on an address until Ctrl-C."""

import os
import signal
import socket
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI

from mnerflow.app.addresses import in_address
from mnerflow.app.server import MOST_SECONDS
from mnerflow.errors import UserError, printable

STOPPED = 128 + signal.SIGINT  # the exit status of what Ctrl-C ended


def serve(app: FastAPI, name: str, host: str, port: int) -> int:
    """Serve ``app``, and say where, under this ``name``; returns the exit status.

    Raises ``UserError`` if nothing can listen there. ``port`` 0 is any that is free.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        said = str(error.strerror).partition(" (while")[0]
        raise UserError(
            f"{in_address(host)}:{port}: nobody can be answered there ({said}). Name another --host or "
            "--port; --port 0 takes any that is free."
        ) from error
    address = f"http://{in_address(host)}:{listening.getsockname()[1]}"
    print(printable(f"{name}: {address}, Ctrl-C ends"), file=sys.stderr, flush=True)
    server = _Server(uvicorn.Config(app, log_level="warning"))
    server.run([listening])
    return int(not server.started)


class _Server(uvicorn.Server):
    """Says what the first Ctrl-C waits for, and ends at once at the second."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            print("mnerflow: stopped", file=sys.stderr, flush=True)
            os._exit(STOPPED)
        # Before anything is said: the next Ctrl-C may come as soon as it is read.
        super().handle_exit(sig, frame)
        if self.server_state.tasks:
            waiting = f"waits up to {MOST_SECONDS} s for requests under way; Ctrl-C again ends at once"
            print(f"mnerflow: {waiting}", file=sys.stderr, flush=True)
