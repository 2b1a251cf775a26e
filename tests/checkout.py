"""The project's folder, and copies of it that a test may change."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKFLOW = (
    "Snakefile",
    "rivals.smk",
    "contexts.smk",
    "config.yaml",
    "config",
    "workflow",
    "src",
    "profiles",
    "envs",
    "CITATION.cff",
)


def copy_parts(parts: Iterable[str], folder: Path) -> None:
    """Copy files and folders of the project into ``folder``, without what Python and pip write there."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for part in parts:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, folder)


def make_checkout(folder: Path) -> None:
    """Make ``folder`` a checkout of one commit, which holds the workflow as it is now."""
    copy_parts(WORKFLOW, folder)
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    (folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "test"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
