"""Data sets of Hugging Face: parquet, a folder of ``save_to_disk``, or JSON lines with numbers for tags.

``tokens`` and the first of ``ner_tags``, ``tags`` and ``labels`` are read, and ``id``. Numbers are named by
``tag_names`` of the data set's entry or else by the features that the file itself, ``dataset_info.json`` or
the head of ``README.md`` declares; these lie beside the split or one folder up. A post without an id is
called by its file and row: ``train-17``. Images within a table are not read, and the log says so.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnerflow.data.formats._fields import identifier, strings
from mnerflow.data.post import Post
from mnerflow.errors import UserError, listed
from mnerflow.files import parse_json, read_json, read_json_lines, read_text
from mnerflow.log import logger
from mnerflow.yaml_file import parse_yaml

if TYPE_CHECKING:
    import pyarrow

OPTIONS = ("tag_names",)
TAGS = ("ner_tags", "tags", "labels")
# Lines whose tags are not in the fields of JSON lines as ``jsonl`` reads them.
TAGGED = re.compile(r'"(ner_tags|tags)"\s*:\s*\[|"labels"\s*:\s*\[\s*-?\d')
LABELLED = re.compile(r'"labels?"\s*:\s*\[\s*"')
PARQUET, ARROW = ".parquet", ".arrow"
STATE = "state.json"  # which tables `save_to_disk` wrote, in their order
INFO = ("dataset_info.json", "README.md")
ROWS = 1000  # that are in memory at a time


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, its number in the split, and the column and names of its tags."""

    file: Path
    values: dict[str, Any]
    column: str
    names: Sequence[str]


def looks_like(start: str) -> bool:
    """Whether a file that begins so is a parquet file, or JSON lines whose tags ``jsonl`` does not read."""
    lines = start.startswith("{") and '"tokens"' in start and not LABELLED.search(start)
    return start.startswith("PAR1") or (lines and bool(TAGGED.search(start)))


def files(folder: Path) -> list[Path]:
    """The tables of a folder, and what says in which order they come; none where there are none."""
    if (state := folder / STATE).is_file():
        return [state, *(table for table in _saved(state) if table.is_file())]
    return sorted(folder.glob("*.parquet"))


def companions(path: Path) -> list[Path]:
    """The files that may declare which tag a number is."""
    folders = [path, path.parent] if path.is_dir() else [path.parent, path.parent.parent]
    return [folder / name for folder in folders for name in INFO if (folder / name).is_file()]


def records(path: Path, tag_names: Sequence[str] = ()) -> Iterator[tuple[int, Row]]:
    """Yield the number of every row, from 1, and its values.

    Raises ``UserError`` for a table that cannot be read or lacks a column, and for tags that are numbers of
    which nothing says what they stand for.
    """
    names = list(tag_names)
    for number, (file, features, column, values) in enumerate(_rows(path), start=1):
        tags = values.get(column)
        if not names and isinstance(tags, list) and tags and _is_number(tags[0]):
            names = _names(path, features, column)
        yield number, Row(file, values, column, names)


def to_post(path: Path, line: int, row: Row) -> Post:
    """Build a post; raises ``UserError`` naming file and row for a value that is missing or of a wrong type,
    and for a number that has no name.
    """
    place = f"{row.file}:{line}"
    tags = row.values.get(row.column)
    if isinstance(tags, list) and tags and all(map(_is_number, tags)):
        if wrong := [tag for tag in tags if not 0 <= tag < len(row.names)]:
            raise UserError(
                f"{place}: {row.column} has the number {wrong[0]}, but {len(row.names)} tags are named: "
                f"{listed(row.names)}. Mend it, or name all of them in `tag_names` of the data set's entry."
            )
        labels = [row.names[tag] for tag in tags]
    else:
        labels = strings(row.values, row.column, place)
    named = row.values.get("id") is not None
    name = (
        identifier(row.values, "id", place)
        if named
        else f"{path.name if path.is_dir() else path.stem}-{line}"
    )
    return Post(name, strings(row.values, "tokens", place), labels)


def file_of(row: Row) -> Path:
    """The table of a row."""
    return row.file


def _rows(path: Path) -> Iterator[tuple[Path, Any, str, dict[str, Any]]]:
    """Every row after its file, what that declares of its features, and its column of tags."""
    for file in _tables(path):
        if file.suffix in (PARQUET, ARROW):
            yield from _of_table(file)
        else:
            for number, record in read_json_lines(file):
                yield file, {}, _tag_column(record, f"{file}:{number}"), record


def _of_table(file: Path) -> Iterator[tuple[Path, Any, str, dict[str, Any]]]:
    try:
        import pyarrow
        from pyarrow import ipc, parquet
    except ImportError as error:
        raise UserError(
            f"{file}: parquet and arrow files need pyarrow, which is not installed. Run `pip install "
            "pyarrow` in mnerflow's environment."
        ) from error
    try:
        with pyarrow.memory_map(str(file)) as source:
            table = parquet.ParquetFile(source) if file.suffix == PARQUET else ipc.open_stream(source)
            schema = table.schema_arrow if file.suffix == PARQUET else table.schema
            declared = parse_json((schema.metadata or {}).get(b"huggingface", b"{}").decode())
            column = _tag_column(schema.names, str(file))
            wanted = [name for name in ("id", "tokens", column) if name in schema.names]
            if images := [field.name for field in schema if _holds_images(field.type)]:
                logger.warning("%s: images within a table are not read: %s", file, ", ".join(images))
            if file.suffix == PARQUET:
                batches = table.iter_batches(ROWS, columns=wanted)
            else:
                batches = (batch.select(wanted) for batch in table)
            for batch in batches:
                batch.validate(full=True)  # damaged places would be read outside of its memory
                for at in range(0, batch.num_rows, ROWS):
                    yield from ((file, declared, column, row) for row in batch.slice(at, ROWS).to_pylist())
    except FileNotFoundError as error:
        raise UserError(f"{file}: no such file. Fetch the folder again, whole.") from error
    except (pyarrow.ArrowException, OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{file}: no whole table ({' '.join(str(error).split())[:200]}). Fetch it again."
        ) from error


def _tables(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if (path / "dataset_dict.json").is_file():
        raise UserError(
            f"{path}: all splits in one folder. Name the folder of each, as train: {path.name}/train"
        )
    found = _saved(path / STATE) if (path / STATE).is_file() else files(path)
    if not found:
        raise UserError(f"{path}: neither {STATE} nor a parquet file. Name a folder of tables, or one table.")
    return found


def _saved(state: Path) -> list[Path]:
    """The tables that a folder of ``save_to_disk`` holds."""
    content = read_json(state)
    try:
        names = [entry["filename"] for entry in content["_data_files"]]
        indices = content.get("_indices_data_files")
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{state}: no table is named ({error!r}). Write it again by save_to_disk.") from error
    if indices:
        raise UserError(
            f"{state}: rows were chosen, and not written out. Call flatten_indices() before saving."
        )
    return [state.parent / Path(name).name for name in names]


def _tag_column(columns: Any, place: str) -> str:
    found = [name for name in TAGS if name in columns]
    if not found or "tokens" not in columns:
        raise UserError(
            f"{place}: 'tokens' and one of {', '.join(TAGS)} are expected among {listed(columns)}. "
            "Rename the columns."
        )
    return found[0]


def _holds_images(kind: "pyarrow.DataType") -> bool:
    """Whether a column has files in it: their bytes, and their paths."""
    value = getattr(kind, "value_type", kind)
    return {"bytes", "path"} <= {value.field(at).name for at in range(value.num_fields)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _names(path: Path, features: dict[str, Any], column: str) -> list[str]:
    """The tags of a column by their numbers, as declared nearest to it."""
    declared = [("its features", features), *((str(file), _declared(file)) for file in companions(path))]
    for place, content in declared:
        found = list(_named(content, column))
        if any(names != found[0] for names in found):
            raise UserError(
                f"{path}: {place} names the tags of {column} in {len(found)} ways. Write those of this "
                "split, in their order, into the data set's entry: `tag_names: [O, B-PER, …]`."
            )
        if found:
            return found[0]
    raise UserError(
        f"{path}: {column} are numbers, and nothing says which tags they are. Write these, in their order, "
        "into the data set's entry, `tag_names: [O, B-PER, …]`, or give them to `mnerflow check --tag-names`."
    )


def _declared(file: Path) -> Any:
    """What a file says of the data set; of a page, its head of YAML."""
    if file.suffix == ".json":
        return read_json(file)
    head = re.match(r"---\n(.*?)\n---\s*(\n|$)", read_text(file), re.DOTALL)
    return parse_yaml(head[1], file, "page with a head of YAML", "Mend it, or remove it.") if head else {}


def _named(content: Any, column: str) -> Iterator[list[str]]:
    """The lists of names that stand below a column, wherever the column is declared."""
    left = [(content, False)]
    while left:
        value, below = left.pop()
        if isinstance(value, list):
            left += [(one, below) for one in value]
        elif isinstance(value, dict):
            below = below or value.get("name") == column
            names = value.get("names") if below else None
            if isinstance(names, dict) and all(str(key).isdecimal() for key in names):
                names = [names[key] for key in sorted(names, key=lambda key: int(key))]
            if isinstance(names, list) and all(isinstance(name, str) for name in names):
                yield names
            else:
                left += [(one, below or key == column) for key, one in value.items()]
