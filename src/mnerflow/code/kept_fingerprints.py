"""A cache of fingerprints, valid as long as no line of the code has changed.

Computing them takes a third of a start of the workflow, and a job on a cluster starts it twice.
"""

import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from mnerflow.code.fingerprint import PACKAGE, fingerprint
from mnerflow.errors import UserError
from mnerflow.files.json_text import read_json, write_json

KEPT = PACKAGE / "__pycache__/fingerprints.json"  # beside the bytecode of the same files


class KeptFingerprints:
    """Fingerprints of scripts, cached in a file; they are computed if that file cannot be used.

    Args:
        scripts: folder of the scripts.
        kept: file of the cache.
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
        with suppress(UserError, AttributeError, TypeError, ValueError):  # no cache, or a damaged one
            found = read_json(kept)
            self._known = dict(found["of"] if found.get("code") == self._code else {})
        self._read = len(self._known)

    def of(self, script: str, *modules: str) -> str:
        """The fingerprint of a script together with modules that it chooses by name."""
        sources = " ".join((script, *modules))
        if sources not in self._known:
            self._known[sources] = fingerprint(self._scripts / script, *modules)
        return self._known[sources]

    def keep(self) -> None:
        """Write the cache if there are new fingerprints and the folder is writable."""
        if len(self._known) > self._read:
            with suppress(UserError):
                write_json(self._kept, {"code": self._code, "of": self._known})
