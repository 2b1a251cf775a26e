"""Run a benchmark, and end it with a message after an error that users can fix, as a missing folder."""

import sys
from collections.abc import Callable
from pathlib import Path

from mnerflow.cli._arguments import at_least
from mnerflow.errors import UserError, printable

__all__ = ["at_least", "execute", "existing"]


def existing(name: str) -> Path:
    """The folder that an argument names; raises ``UserError`` if it does not exist."""
    if not Path(name).is_dir():
        raise UserError(f"{name}: no such folder. Name one that is there.")
    return Path(name)


def execute(main: Callable[[], None]) -> None:
    """Run a benchmark; a ``UserError`` ends it with status 1 and Ctrl-C with 130, without a traceback."""
    try:
        main()
    except KeyboardInterrupt:
        print(f"{Path(sys.argv[0]).name}: stopped", file=sys.stderr)
        sys.exit(130)
    except UserError as error:
        sys.exit(printable(f"{Path(sys.argv[0]).name}: {error}"))
