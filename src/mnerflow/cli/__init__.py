"""Commands besides the workflow: check your own data, find names in new texts, export and publish results.

Each command is a module of the same name, with its help texts, its arguments and its action.
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
from mnerflow.files.writing import FULL, advice
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
    if sys.stdout is None:  # closed by the shell
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    try:
        from mnerflow.log import warn_on_terminal  # imported here, so that Ctrl-C is handled meanwhile

        given = _parsed(arguments)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a file name need not be valid text
        warn_on_terminal()
        status = given.act(given)
        sys.stdout.flush()
        return int(status)
    except BrokenPipeError:  # a reader such as `head` has read enough; another flush would fail
        _discard_output()
        return 1
    except OSError as error:
        if error.errno not in FULL or error.filename:
            raise
        _discard_output()
        print(
            f"mnerflow: standard output could not be written ({error.strerror}). {advice(error)}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would end in a traceback
        print("mnerflow: stopped", file=sys.stderr)
        return 130
    except UserError as error:
        print(printable(f"mnerflow: {hide(str(error))}"), file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:  # in an installation without all extras
        if not error.name or error.name.startswith("mnerflow"):
            raise
        from mnerflow.extras import how_to_install

        print(f"mnerflow: {error.name} is not installed; {how_to_install(error.name)}.", file=sys.stderr)
        return 1


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse arguments; inputs may also follow options, which ``argparse`` does not allow for a subcommand."""
    whole = parser()
    given, left = whole.parse_known_args(arguments)
    options = [one for one in left if one.startswith("-") and one != "-"]
    if options or (left and not hasattr(given, "inputs")):
        whole.error(f"unrecognized arguments: {' '.join(options or left)}")
    if left:
        given.inputs += left
    return given


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> argparse.ArgumentParser:
    """The parser of all commands, with their options."""
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
