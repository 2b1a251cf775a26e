"""Data sets of Hugging Face: parquet, a folder of ``save_to_disk``, or JSON lines with numbers for tags.

The columns ``tokens``, ``id`` and the first of ``ner_tags``, ``tags`` and ``labels`` are read. The names of
numbered tags come from ``tag_names`` of the data set's entry, or else from the features that are declared by
the file itself, by ``dataset_info.json`` or by the head of ``README.md``. The latter two lie next to the
split or in its parent folder. A post without an id is named after its file and row: ``train-17``. A post has
the images of every image column of its table, a column of bytes or of lists of bytes; they are named after
their bytes. If no column contains images, the files are read that the column ``images`` or ``image`` names.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnerflow.data.archive import bound, most_bytes, refusing_bombs
from mnerflow.data.formats._fields import identifier, strings
from mnerflow.data.post import IMAGE_SUFFIXES, Post
from mnerflow.data.tags import OUTSIDE
from mnerflow.errors import UserError, listed, quantity
from mnerflow.files.json_text import parse_json, read_json, read_json_lines
from mnerflow.files.reading import read_text
from mnerflow.files.writing import atomic_folder
from mnerflow.yaml_file import parse_yaml

if TYPE_CHECKING:
    import pyarrow

OPTIONS = ("tag_names",)
TAGS = ("ner_tags", "tags", "labels")
IMAGES = ("images", "image")
# JSON lines whose tags are not in the fields that ``jsonl`` reads.
TAGGED = re.compile(r'"(ner_tags|tags)"\s*:\s*\[|"labels"\s*:\s*\[\s*-?\d')
LABELLED = re.compile(r'"labels?"\s*:\s*\[\s*"')
TABLES = PARQUET, ARROW = ".parquet", ".arrow"
STATE = "state.json"  # lists the tables that `save_to_disk` wrote, in order
INFO = ("dataset_info.json", "README.md")
ROWS, ROWS_WITH_IMAGES = 1000, 50  # in memory at a time


@dataclass(frozen=True, slots=True)
class Row:
    """A row, the column and names of its tags, if tags are read, and its image columns."""

    file: Path
    values: dict[str, Any]
    column: str
    names: Sequence[str]
    images: Sequence[str]


def looks_like(start: str) -> bool:
    """Whether the start of a file is parquet, or JSON lines whose tags ``jsonl`` does not read."""
    lines = start.startswith("{") and '"tokens"' in start and not LABELLED.search(start)
    return start.startswith("PAR1") or (lines and bool(TAGGED.search(start)))


def files(folder: Path) -> list[Path]:
    """The tables of a folder, preceded by the file that gives their order, if any; empty without tables."""
    if (state := folder / STATE).is_file():
        return [state, *(table for table in _saved(state) if table.is_file())]
    return sorted(folder.glob("[!.]*.parquet"))


def companions(path: Path) -> list[Path]:
    """The files that may declare the names of numbered tags."""
    folders = [path, path.parent] if path.is_dir() else [path.parent, path.parent.parent]
    return [folder / name for folder in folders for name in INFO if (folder / name).is_file()]


def records(path: Path, tag_names: Sequence[str] = (), *, tagged: bool = True) -> Iterator[tuple[int, Row]]:
    """Yield the number of every row, from 1, and its values.

    Raises ``UserError`` for a table that cannot be read or lacks a column and, if ``tagged``, for numbered
    tags whose names are declared nowhere.
    """
    names = list(tag_names)
    for number, (file, table, values) in enumerate(_rows(path, tagged), start=1):
        tags = values.get(table.tags) if tagged else None
        if not names and isinstance(tags, list) and tags and _is_number(tags[0]):
            names = _names(path, table.features, table.tags)
        yield number, Row(file, values, table.tags, names, table.images)


def to_post(path: Path, line: int, row: Row) -> Post:
    """Build a post.

    Raises ``UserError`` naming file and row for a missing value, a value of the wrong type, and a number that
    has no name.
    """
    place = f"{row.file}:{line}"
    tokens, tags = strings(row.values, "tokens", place), row.values.get(row.column)
    if not row.column:
        labels = [OUTSIDE] * len(tokens)
    elif isinstance(tags, list) and tags and all(map(_is_number, tags)):
        if wrong := [tag for tag in tags if not 0 <= tag < len(row.names)]:
            raise UserError(
                f"{place}: {row.column} has the number {wrong[0]}, but "
                f"{quantity(len(row.names), 'tag is', 'tags are')} named: {listed(row.names)}. "
                "Mend it, or name all of them in `tag_names` of the data set's entry."
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
    images = [name for name, _ in _images(row.values, row.images, place)]
    return Post(name, tokens, labels, images=images)


def file_of(row: Row) -> Path:
    """The table of a row."""
    return row.file


def holds_images(path: Path) -> bool:
    """Whether a split's tables contain images; true of a table that is still to be downloaded."""
    if not path.exists():
        return path.suffix in TABLES
    try:
        schemas = [_schema(file) for file in _tables(path) if file.suffix in TABLES]
    except UserError:  # which is reported when the posts are read
        return False
    return any(map(_image_columns, schemas))


def write_images(paths: Iterable[Path], folder: Path, root: Path | None = None) -> int:
    """Write the images that tables contain into ``folder``, named as in the posts; return their number.

    Raises ``UserError`` for a table that cannot be read, and for images that are far larger than their table.
    """
    names: set[str] = set()
    files = [file for path in paths for file in _tables(path) if file.suffix in TABLES]
    with atomic_folder(folder) as new:
        for file in files:
            written, allowed = 0, most_bytes(file.stat().st_size)
            for values in _of_table(file, _image_columns(_schema(file))):
                for name, data in _images(values, [*values], str(file)):
                    if data is None or name in names:
                        continue
                    written += len(data)
                    with refusing_bombs(file, "Get it from another source."):
                        bound(written, allowed)
                    (new / name).write_bytes(data)
                    names.add(name)
    return len(names)


@dataclass(frozen=True, slots=True)
class Table:
    """The tag column of a file, if tags are read, its image columns, and the features that it declares."""

    tags: str
    images: list[str]
    features: Any


def _rows(path: Path, tagged: bool) -> Iterator[tuple[Path, Table, dict[str, Any]]]:
    """Yield every row, preceded by its file and that file's ``Table``."""
    for file in _tables(path):
        if file.suffix in TABLES:
            schema = _schema(file)
            tags = _tag_column(schema.names, str(file), tagged)
            images = _image_columns(schema) or [name for name in IMAGES if name in schema.names][:1]
            table = Table(tags, images, _features(schema, file))
            wanted = [name for name in ("id", "tokens", tags, *images) if name in schema.names]
            yield from ((file, table, row) for row in _of_table(file, wanted))
        else:
            for number, record in read_json_lines(file):
                tags = _tag_column(record, f"{file}:{number}", tagged)
                yield file, Table(tags, [name for name in IMAGES if name in record][:1], {}), record


def _images(values: dict[str, Any], columns: Sequence[str], place: str) -> Iterator[tuple[str, bytes | None]]:
    """Yield the name of every image of a row, and its bytes if the row contains them."""
    for column in columns:
        value = values[column]
        for one in value if isinstance(value, list) else [value]:
            held = one if isinstance(one, dict) else {"path": one}
            data, path = held.get("bytes"), held.get("path") or ""
            if not isinstance(path, str) or not isinstance(data, bytes | None):
                raise UserError(f"{place}: {column} holds no image and no name of one. Mend the row.")
            if data is not None:
                suffix = Path(path).suffix.lower()
                yield sha256(data).hexdigest()[:32] + (suffix if suffix in IMAGE_SUFFIXES else ""), data
            elif path:
                yield path, None


@contextmanager
def _reading_table(file: Path) -> Iterator[None]:
    """Raise ``UserError`` for what is wrong with a table, or if pyarrow is not installed."""
    try:
        import pyarrow
    except ImportError as error:
        raise UserError(
            f"{file}: parquet and arrow files need pyarrow, which is not installed. Run `pip install "
            "pyarrow` in mnerflow's environment."
        ) from error
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{file}: no such file. Fetch the folder again, whole.") from error
    except (pyarrow.ArrowException, OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{file}: no whole table ({' '.join(str(error).split())[:200]}). Fetch it again."
        ) from error


@contextmanager
def _open(file: Path) -> Iterator[tuple[Any, "pyarrow.Schema"]]:
    import pyarrow
    from pyarrow import ipc, parquet

    with pyarrow.memory_map(str(file)) as source:
        table = parquet.ParquetFile(source) if file.suffix == PARQUET else ipc.open_stream(source)
        yield table, table.schema_arrow if file.suffix == PARQUET else table.schema


def _schema(file: Path) -> "pyarrow.Schema":
    with _reading_table(file), _open(file) as (_, schema):
        return schema


def _of_table(file: Path, wanted: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the values of every row in the ``wanted`` columns."""
    with _reading_table(file), _open(file) as (table, schema):
        step = ROWS_WITH_IMAGES if {*wanted} & {*_image_columns(schema)} else ROWS
        if file.suffix == PARQUET:
            batches = table.iter_batches(step, columns=wanted)
        else:
            batches = (batch.select(wanted) for batch in table)
        for batch in batches:
            batch.validate(full=True)  # damaged offsets would be read outside its memory
            for start in range(0, batch.num_rows, step):
                yield from batch.slice(start, step).to_pylist()


def _features(schema: "pyarrow.Schema", file: Path) -> Any:
    """The features that a table declares."""
    try:
        return parse_json((schema.metadata or {}).get(b"huggingface", b"{}").decode())
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: what it says of its features is no JSON. Write it again.") from error


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
    """The tables of a folder of ``save_to_disk``, in order."""
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


def _tag_column(columns: Any, place: str, tagged: bool) -> str:
    if not tagged and "tokens" in columns:
        return ""
    found = [name for name in TAGS if name in columns]
    if not found or "tokens" not in columns:
        raise UserError(
            f"{place}: 'tokens' and one of {', '.join(TAGS)} are expected among {listed(columns)}. "
            "Rename the columns."
        )
    return found[0]


def _image_columns(schema: "pyarrow.Schema") -> list[str]:
    """The columns that contain images."""
    return [column.name for column in schema if _is_image(column.type)]


def _is_image(kind: "pyarrow.DataType") -> bool:
    """Whether a column contains files, as bytes with paths."""
    value = getattr(kind, "value_type", kind)
    return {"bytes", "path"} <= {value.field(index).name for index in range(value.num_fields)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _names(path: Path, features: dict[str, Any], column: str) -> list[str]:
    """The tags of a column by number, from the declaration nearest to it."""
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
    """What a file declares about the data set; for a Markdown page, its YAML head."""
    if file.suffix == ".json":
        return read_json(file)
    head = re.match(r"---\n(.*?)\n---\s*(\n|$)", read_text(file), re.DOTALL)
    return parse_yaml(head[1], file, "page with a head of YAML", "Mend it, or remove it.") if head else {}


def _named(content: Any, column: str) -> Iterator[list[str]]:
    """Yield the lists of names that are declared for a column, at any depth."""
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
