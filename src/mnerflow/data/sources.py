"""Where raw files come from, according to the configuration; nothing here uses the network."""

from pathlib import Path
from typing import Any

from mnerflow.errors import UserError
from mnerflow.files.paths import expanded, inside


def mirror_file(config: dict[str, Any], entry: dict[str, Any]) -> Path | None:
    """The path of an entry's file in the configured mirror; ``None`` without a mirror."""
    if not config.get("mirror") or "mirror" not in entry:
        return None
    return inside(expanded(config["mirror"]), entry["mirror"])


def archives(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The photo archives of the data sets, by their file names as in the mirror."""
    found: dict[str, dict[str, Any]] = {}
    for name, entry in config["datasets"].items():
        if "images" in entry:
            file = Path(entry["images"].get("mirror", f"{name}.zip")).name
            if found.get(file, entry["images"])["url"] != entry["images"]["url"]:
                file = f"{name}.{file}"  # another archive already has this name
            found[file] = entry["images"]
    return found


def identity_of(entry: dict[str, Any]) -> str:
    """What identifies a file: its sha256 or, if that is not known, its address."""
    return entry.get("sha256") or entry["url"]


def check_name(folder: Path) -> None:
    """Raise ``UserError`` if the workflow cannot handle the name of a folder."""
    if "{" in str(folder) or "}" in str(folder):
        raise UserError(
            f"{folder}: a curly bracket, which Snakemake would take for a wildcard. Rename the folder."
        )
