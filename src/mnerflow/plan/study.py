"""A study is a configuration with a name: its results have a folder of their own, while runs are shared."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from mnerflow.errors import UserError, listed
from mnerflow.plan.grid import expand
from mnerflow.plan.layout import RESULTS
from mnerflow.plan.names import Run
from mnerflow.yaml_file import read_yaml

DEFAULT = "default"
# Folders of the results that all studies share.
SHARED = ("asked", "data", "features", "images", "logs", "published", "reports", "runs", "tuning", "verified")


def study_name(given: str | None, files: Sequence[str | Path]) -> str:
    """The name of a study: the one in its configuration, or else that of its last file, without suffix.

    ``DEFAULT`` if no file is laid over ``config.yaml``. Raises ``UserError`` for a name that cannot be a
    folder of the results or already is a shared one.
    """
    file = Path(files[-1]) if files else Path(DEFAULT)
    name = given or file.stem
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise UserError(
            f"{file}: {name!r} cannot be the name of a study: it has letters, digits and _.- alone. Say "
            "another one, as `name: mine` in it."
        )
    if name in SHARED:
        raise UserError(
            f"{file}: a study cannot be called {name!r}, as results/{name} belongs to all studies. Say "
            "another name, as `name: mine` in it."
        )
    return name


def config_of(study: Path) -> dict[str, Any]:
    """The merged configuration of a study; raises ``UserError`` if it is missing or unreadable."""
    return read_yaml(study / "config.yaml", "configuration", "Run the workflow again.")


def studies_showing(runs: Collection[Run], results: Path, but: str) -> list[str]:
    """The folders of studies in ``results``, but for ``but``, whose grid has one of the runs."""
    found = []
    for study in sorted(file.parent for file in results.glob("*/config.yaml")):
        try:
            shown = study.name not in (but, *SHARED) and {*expand(config_of(study))} & {*runs}
        except UserError:  # of an earlier version
            continue
        found += [str(study)] if shown else []
    return found


def file_of_study(study: Path, name: str) -> Path:
    """A file in a study's folder; if it is missing, raises ``UserError`` naming the studies that have it."""
    if (study / name).is_file():
        return study / name
    files = {file for place in (study.parent, Path(RESULTS)) for file in place.glob(f"*/{name}")}
    having = listed(sorted(str(file).removesuffix(f"/{name}") for file in files))
    other = f", or name a study that has it: {having}" if having else ""
    raise UserError(f"{study / name}: no such file. Run the workflow to its end first{other}.")


def link_runs(study: Path) -> None:
    """Link the runs into a study's folder, since its pages and records refer to them there.

    Raises ``UserError`` if there is a folder instead of the link.
    """
    link = study / "runs"
    if link.is_dir() and not link.is_symlink():
        raise UserError(f"{link}: a folder, where a link to the runs of all studies should be. Move it away.")
    if not link.is_symlink():
        link.symlink_to(Path("..", "runs"), target_is_directory=True)
