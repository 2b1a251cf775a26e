"""Find the files of a folder that are the splits of a data set."""

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from mnerflow.data.formats import format_of
from mnerflow.data.formats._objects import entries, object_of
from mnerflow.data.post import IMAGE_SUFFIXES, SPLITS
from mnerflow.data.split_names import SPLIT_OF
from mnerflow.data.suffixes import COLUMNS, FOREIGN, JSON, TABLES
from mnerflow.errors import UserError, listed, quantity
from mnerflow.files.paths import files_below
from mnerflow.files.reading import read_lines, read_text

ENDINGS = (*JSON, *COLUMNS, *TABLES, ".ann", ".txt")
PART = re.compile(r"-\d{5}-of-\d{5}$")  # the name of a shard of a table, as on the model hub
SPLIT_KEYS = ("split", "subset", "partition", "fold", "set")
UNTAGGED = (
    "If these are plain texts, `mnerflow predict --format label_studio` suggests their names, to be "
    "corrected there: docs/own_texts.md."
)


def find_splits(path: Path, format: str = "") -> tuple[Path, dict[str, list[str]]]:
    """A data set's folder and, for each split, the paths of its files relative to that folder.

    A single file is ``train``. In a folder, the split is a word of a file's name, or the name of a subfolder
    that contains the files or that a format reads as a whole. A folder that a format reads as a whole and
    that has no splits is ``train`` of its parent folder. If the ``format`` is given, files may also have a
    suffix that no format here has. Raises ``UserError`` if no file is for training, and if two files could be
    the same split.
    """
    suffixes = (*ENDINGS, *FOREIGN) if format else ENDINGS
    if path.is_file():
        if path.suffix.lower() in FOREIGN and not format and not format_of(path):
            raise UserError(f"{path}: {path.suffix} is not read. {FOREIGN[path.suffix.lower()]}")
        return path.parent, {"train": [path.name]}
    if not path.is_dir():
        raise UserError(f"{path}: no such folder. Name the one that holds train, dev, test and images/.")
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)  # by split, then by file or folder
    tagged = []
    for file in sorted(file for file in path.iterdir() if file.is_file() and _may_be_data(file, suffixes)):
        split = _split_of(file.stem)
        if split:
            found[split].setdefault(PART.sub("", file.stem) + file.suffix, []).append(file.name)
        elif file.suffix != ".txt":
            tagged.append(file)
    for folder in sorted(folder for folder in path.iterdir() if folder.is_dir()):
        if (split := SPLIT_OF.get(folder.name.lower())) and (inner := _within(folder, suffixes)):
            found[split][f"{folder.name}/"] = inner
    for split, choices in found.items():
        if len(choices) > 1:
            names = ", ".join(choices)
            raise UserError(f"{path}: {names} could all be the split {split!r}. Keep one of them.")
    if not found and any((path / "data").glob("*.parquet")):
        _, files = find_splits(path / "data", format)
        return path, {split: [f"data/{name}" for name in names] for split, names in files.items()}
    if not found and format_of(path):
        whole = path.resolve() if path.name in ("", "..") else path
        return whole.parent, {"train": [whole.name]}
    if not found and len(tagged) == 1:
        return path, {"train": [tagged[0].name]}
    if "train" not in found:
        raise _without_train(path)
    return path, {split: next(iter(found[split].values())) for split in SPLITS if split in found}


def format_of_file(path: Path) -> str:
    """The format of a file, empty for an empty file; raises ``UserError`` if the format is unknown."""
    if (found := format_of(path)) or not read_text(path).strip():
        return found
    first = next(line for _, line in read_lines(path) if line.strip())
    raise UserError(
        f"{path}: no format with tags that is known; it begins with {first[:60]!r}. {UNTAGGED} If they "
        "are tagged, name their --format."
    )


def split_key_of(path: Path) -> tuple[str, list[str]]:
    """The field in which the posts of a JSON file name their splits, and these splits; empty without one."""
    named: dict[str, set[str]] = {key: set() for key in SPLIT_KEYS}
    try:
        for _, entry in entries(path):
            record = object_of(entry, str(path))
            for key, names in [*named.items()]:
                names.add(str(record.get(key, "")).lower())
                if not names <= SPLIT_OF.keys():
                    del named[key]
            if not named:
                break
    except UserError:
        return "", []
    for key, names in named.items():
        if "train" in (found := {SPLIT_OF[name] for name in names}):
            return key, [split for split in SPLITS if split in found]
    return "", []


def _split_of(stem: str) -> str | None:
    words = re.split("[^a-z]+", stem.lower())
    return next((SPLIT_OF[word] for word in words if word in SPLIT_OF), None)


def _may_be_data(file: Path, suffixes: Collection[str]) -> bool:
    text = file.suffix == ".txt" and file.with_suffix(".ann").is_file()  # brat's pair is found by its .ann
    return file.suffix.lower() in suffixes and not file.name.startswith(".") and not text


def _within(folder: Path, suffixes: Collection[str]) -> list[str]:
    if format_of(folder):
        return [folder.name]
    files = sorted(file for file in folder.iterdir() if file.is_file() and _may_be_data(file, suffixes))
    return [f"{folder.name}/{file.name}" for file in files]


def _without_train(folder: Path) -> UserError:
    texts = sorted(path.name for path in folder.glob("*.txt"))
    if texts and not format_of(folder / texts[0]):
        stems = {Path(name).stem for name in texts}
        pictures = {path.stem for path in files_below(folder) if path.suffix.lower() in IMAGE_SUFFIXES}
        shown = f", {len(stems & pictures)} of them beside a picture of the same name" if pictures else ""
        return UserError(
            f"{folder}: {quantity(len(texts), 'plain text')} without tags{shown}. "
            f"`mnerflow predict RUN {folder} --format label_studio` suggests their names, "
            "to be corrected there: docs/own_texts.md says how to go on."
        )
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if foreign := [path for path in files if path.suffix.lower() in FOREIGN]:
        suffix = foreign[0].suffix
        names = listed(path.name for path in foreign if path.suffix == suffix)
        return UserError(f"{folder}: {names}: {suffix} is not read. {FOREIGN[suffix.lower()]}")
    present = listed(sorted(path.name for path in folder.iterdir()))
    return UserError(
        f"{folder}: no training posts{f' among {present}' if present else ', it is empty'}. "
        "Call the file train.jsonl (JSON lines) or train.conll (a token and its tag a line), or check one "
        "file alone."
    )
