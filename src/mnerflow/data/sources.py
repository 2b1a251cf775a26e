"""Where raw files come from, as the configuration says it; nothing here reads the network."""

from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files import inside


def mirror_file(config: dict[str, Any], entry: dict[str, Any]) -> Path | None:
    """Where the configured mirror keeps the file of an entry; nothing without a mirror."""
    return inside(config["mirror"], entry["mirror"]) if config.get("mirror") and "mirror" in entry else None


def archives(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The archives of photos that the data sets name, by their files' names, which are the mirror's."""
    found: dict[str, dict[str, Any]] = {}
    for name, entry in config["datasets"].items():
        if "images" in entry:
            file = Path(entry["images"].get("mirror", f"{name}.zip")).name
            if found.get(file, entry["images"])["url"] != entry["images"]["url"]:
                file = f"{name}.{file}"  # another archive is called so
            found[file] = entry["images"]
    return found


def identity_of(entry: dict[str, Any]) -> str:
    """What tells one file from another: its sha256; where that is not known, its address."""
    return entry.get("sha256") or entry["url"]


def check_name(folder: Path) -> None:
    """Raise ``UserError`` for the name of a folder with which the workflow cannot do."""
    if "{" in str(folder) or "}" in str(folder):
        raise UserError(
            f"{folder}: a curly bracket, which Snakemake would take for a wildcard. Rename the folder."
        )
