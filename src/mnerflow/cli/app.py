"""``mnerflow app``: one or two runs in a browser."""

import argparse
import sys
from pathlib import Path
from socket import socket

from mnerflow.errors import UserError, printable

HELP = "show one or two trained runs on a web page"
ABOUT = """\
Show one or two trained runs on a web page: type a post, drop a picture, edit a context, and see the names
that each run finds, with their confidence: with the picture, without it, and with another one.

  R=results/runs/demo/none
  mnerflow app $R/bilstm+cnn/linear/seed1 $R/bilstm+none/text_only/seed1

and open http://127.0.0.1:8765. Programs ask the same server: POST /predict, described in /openapi.json.

It answers to this machine alone. --host 0.0.0.0 lets others in, without a password: put it behind a server
that has one. Requests have limits (8 MiB, 10,000 characters, 4 pictures), and more than 64 that wait are told
to come again. No file of this machine can be asked for. Pictures by address are fetched with --allow-urls
alone, and never from private networks.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What ``mnerflow app`` takes."""
    command.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="one or two; `mnerflow runs` lists them"
    )
    command.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    command.add_argument("--port", type=int, default=8765, help="0 takes any (default: %(default)s)")
    command.add_argument("--allow-urls", action="store_true", help="fetch pictures that are addresses")
    command.add_argument("--device", help="cpu or cuda; default: the GPU if there is one")


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow app`` until it is stopped; returns its exit status."""
    if len(given.runs) > 2:
        raise UserError("app: more than two runs. Name one, or two to compare.")
    import uvicorn

    from mnerflow.app.server import create_app
    from mnerflow.prediction.predictor import Predictor

    predictors = {_name(run): Predictor(run, device=given.device) for run in given.runs}
    if len(predictors) < len(given.runs):
        raise UserError("app: the same run twice. Name another one, or one alone.")
    app = create_app(predictors, host=given.host, allow_urls=given.allow_urls)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                port = self.servers[0].sockets[0].getsockname()[1]
                said = f"{', '.join(predictors)}: http://{given.host}:{port}, Ctrl-C ends"
                print(printable(said), file=sys.stderr, flush=True)

    server = Server(uvicorn.Config(app, given.host, given.port, log_level="warning"))
    server.run()
    return int(not server.started)


def _name(run: Path) -> str:
    parts = run.absolute().parts
    return "/".join(parts[parts.index("runs") + 1 :] if "runs" in parts else parts[-1:])
