"""What a folder holds, to compare it with what it held before or with another folder."""

from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of the files in a folder, or of one file, by their paths."""
    if folder.is_file():
        return {folder.name: folder.read_bytes()}
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
