"""Fingerprints that need not be computed again while no line of the code has changed.

They take a third of a start of the workflow, and a job on a cluster starts it twice.
"""

import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from mnerflow.code.fingerprint import PACKAGE, fingerprint
from mnerflow.errors import UserError
from mnerflow.files import read_json, write_json

KEPT = PACKAGE / "__pycache__/fingerprints.json"  # what Python makes of the same files lies there, too


class KeptFingerprints:
    """Fingerprints of scripts, kept in a file for the next start; where it cannot be used, they are computed.

    Args:
        scripts: the folder of the scripts.
        kept: the file.
    """

    def __init__(self, scripts: Path, kept: Path = KEPT) -> None:
        self._scripts = scripts
        self._kept = kept
        files = [file for folder in (PACKAGE, scripts) for file in folder.rglob("*.*") if file.is_file()]
        code = sha256(sys.version.encode())
        for file in sorted(file for file in files if file.suffix in (".py", ".yaml")):
            code.update(f"{file}\0{sha256(file.read_bytes()).hexdigest()}\n".encode())
        self._code = code.hexdigest()
        self._known: dict[str, str] = {}
        with suppress(UserError, AttributeError, TypeError, ValueError):  # none, or damaged
            found = read_json(kept)
            self._known = dict(found["of"] if found.get("code") == self._code else {})
        self._read = len(self._known)

    def of(self, script: str, *modules: str) -> str:
        """The fingerprint of a script and of modules that it chooses by name."""
        sources = " ".join((script, *modules))
        if sources not in self._known:
            self._known[sources] = fingerprint(self._scripts / script, *modules)
        return self._known[sources]

    def keep(self) -> None:
        """Write them for the next start, where there are new ones and the folder can be written to."""
        if len(self._known) > self._read:
            with suppress(UserError):
                write_json(self._kept, {"code": self._code, "of": self._known})
