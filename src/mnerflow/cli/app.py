"""``mnerflow app``: one or two runs in a browser."""

import argparse
from pathlib import Path

from mnerflow.cli._arguments import number_type
from mnerflow.errors import UserError

HELP = "show one or two trained runs on a web page"
ABOUT = """\
Show one or two trained runs on a web page. Type a post, add a picture or edit a context, and see the names
that each run finds, with their confidence: with the picture, without it, and with another one.

  R=results/runs/demo/none
  mnerflow app $R/bilstm+cnn/linear/seed1 $R/bilstm+none/text_only/seed1

Then open http://127.0.0.1:8765. Programs can use the same server: POST /predict, described in /openapi.json.

The server answers only this machine. --host 0.0.0.0 lets others in, without a password: put it behind a
server that has one. Requests are limited to 8 MiB, 10,000 characters and 4 pictures. At most 64 requests
wait; further ones are told to come again. Requests cannot read files of this machine. Pictures given by URL
are fetched only with --allow-urls, and never from private networks.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mnerflow app``."""
    command.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN",
        help="folder of a run, at most two; `mnerflow runs` lists them",
    )
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    command.add_argument(
        "--port",
        type=number_type(int, lambda port: 0 <= port < 2**16, "a whole number from 0 to 65535"),
        default=8765,
        help="port to listen on; 0 takes any free one (default: %(default)s)",
    )
    command.add_argument("--allow-urls", action="store_true", help="fetch pictures that are given by URL")
    command.add_argument("--device", help="cpu or cuda; default: the GPU if there is one")


def run(given: argparse.Namespace) -> int:
    """Run ``mnerflow app`` until it is stopped; returns its exit status."""
    if len(given.runs) > 2:
        raise UserError("app: more than two runs. Name one, or two to compare.")
    from mnerflow.app.serve import serve
    from mnerflow.app.server import create_app
    from mnerflow.prediction.predictor import Predictor

    predictors = {_name(run): Predictor(run, device=given.device) for run in given.runs}
    if len(predictors) < len(given.runs):
        raise UserError("app: the same run twice. Name another one, or one alone.")
    app = create_app(predictors, host=given.host, allow_urls=given.allow_urls)
    return serve(app, ", ".join(predictors), given.host, given.port)


def _name(run: Path) -> str:
    parts = run.absolute().parts
    return "/".join(parts[parts.index("runs") + 1 :] if "runs" in parts else parts[-1:])
