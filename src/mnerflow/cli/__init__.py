"""What helps beside the workflow: checking your own data, finding names in new texts, giving results away.

Each command is a file of its name, with what ``--help`` prints, its arguments and what it does.
"""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from mnerflow import __version__
from mnerflow.errors import UserError, printable
from mnerflow.secrets import hide

# In the order in which `mnerflow --help` lists them.
COMMANDS = (
    "check",
    "show",
    "runs",
    "predict",
    "tag",
    "app",
    "export",
    "doctor",
    "power",
    "archive",
    "verify",
    "publish",
    "unpack",
    "compare",
    "migrate",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    try:
        from mnerflow.log import warn_on_terminal  # Ctrl-C is answered while it and the commands are loaded

        given = parser().parse_args(arguments)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be text
        warn_on_terminal()
        status = given.act(given)
        sys.stdout.flush()
        return int(status)
    except BrokenPipeError:  # its reader, as `head`, has read enough; Python would flush once more, and fail
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is leaving; a second one would end in a traceback
        print("mnerflow: stopped", file=sys.stderr)
        return 130
    except UserError as error:
        print(printable(f"mnerflow: {hide(str(error))}"), file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:  # of an installation without all extras
        if not error.name or error.name.startswith("mnerflow"):
            raise
        from mnerflow.extras import how_to_install

        print(f"mnerflow: {error.name} is not installed; {how_to_install(error.name)}.", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The options of every command."""
    description, _, _ = (__doc__ or "").partition("\n")
    whole = argparse.ArgumentParser(prog="mnerflow", description=description)
    whole.add_argument("--version", action="version", version=f"mnerflow {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"{__name__}.{name}")
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.ABOUT,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(act=module.run)
    return whole
