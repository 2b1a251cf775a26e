"""How a benchmark is run: what a person can mend, as a folder that is not there, ends it in a sentence."""

import sys
from collections.abc import Callable
from pathlib import Path

from mnerflow.errors import UserError, printable


def existing(name: str) -> Path:
    """The folder that an argument names; raises ``UserError`` where there is none."""
    if not Path(name).is_dir():
        raise UserError(f"{name}: no such folder. Name one that is there.")
    return Path(name)


def execute(main: Callable[[], None]) -> None:
    """Run a benchmark; a ``UserError`` is printed without a traceback, and the status is 1."""
    try:
        main()
    except UserError as error:
        sys.exit(printable(f"{Path(sys.argv[0]).name}: {error}"))
