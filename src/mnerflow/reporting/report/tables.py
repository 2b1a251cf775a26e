"""The tables of the report: which columns of which CSV file a reader sees, and how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mnerflow.reporting.does_it_help import interval, p_value, points
from mnerflow.reporting.render import ABSENT, percent, spread
from mnerflow.reporting.tables import encoders, read_csv

Row = Mapping[str, str | None]
MOST_ROWS = 2000  # of a table: with more, a browser takes seconds to open the page


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, what it is sorted by where that is not the text, and where it leads."""

    text: str
    order: str | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, how a row's cell is made, the columns it needs, whether it holds numbers."""

    title: str
    cell: Callable[[Row], Cell]
    needs: Sequence[str]
    number: bool = False


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table as the page shows it; ``name`` is its CSV file's below ``tables`` without the ending."""

    name: str
    title: str
    about: str
    source: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def report_tables(folder: Path) -> list[ReportTable]:
    """All tables, read from the CSV files below ``folder``; one without rows is left out.

    Of more than ``MOST_ROWS`` rows the first are shown, and it is said so.

    Raises ``UserError`` naming the file when it or one of its columns is missing.
    """
    tables = []
    for source, title, about, columns in TABLES:
        rows = read_csv(folder / source, [name for column in columns for name in column.needs])
        if rows:
            if len(rows) > MOST_ROWS:
                about += f" The first {MOST_ROWS:,} of {len(rows):,} rows."
            cells = [[column.cell(row) for column in columns] for row in rows[:MOST_ROWS]]
            tables.append(ReportTable(Path(source).stem, title, about, source, columns, cells))
    return tables


def _text(title: str, name: str) -> Column:
    return Column(title, lambda row: Cell(row[name] or ABSENT), (name,))


def _number(title: str, name: str, form: Callable[[float], str]) -> Column:
    def cell(row: Row) -> Cell:
        return Cell(form(float(row[name])), row[name]) if row[name] else Cell(ABSENT, "")

    return Column(title, cell, (name,), number=True)


def _percent(title: str, name: str) -> Column:
    return _number(title, name, percent)


def _count(title: str, name: str) -> Column:
    return _number(title, name, lambda value: f"{value:,.1f}".removesuffix(".0"))


def _spread(title: str, name: str) -> Column:
    def cell(row: Row) -> Cell:
        mean, deviation = (float(row[key]) if row[key] else None for key in keys)
        return Cell(spread(mean, deviation), row[keys[0]] or "")

    keys = (f"{name}_mean", f"{name}_sd")
    return Column(title, cell, keys, number=True)


def _run_folder(row: Row) -> str:
    parts = [row["dataset"], row["filter"], f"{row['text_encoder']}+{row['image_encoder']}", row["fusion"]]
    return quote("runs/" + "/".join(part or "" for part in parts) + "/")


def _dataset(row: Row) -> Cell:
    if not row["dataset"]:
        return Cell(ABSENT)
    return Cell(row["dataset"] if row["filter"] == "none" else f"{row['dataset']} ({row['filter']})")


def _interval(row: Row) -> Cell:
    return Cell(interval(float(row["low"]), float(row["high"])), row["low"])


def _range(row: Row) -> Cell:
    if not row["thesis_low"]:
        return Cell(ABSENT, "")
    ends = [percent(float(row[name])) for name in ("thesis_low", "thesis_high")]
    return Cell("–".join(dict.fromkeys(ends)), row["thesis_low"])


def _encoders(row: Row) -> Cell:
    return Cell(encoders(row) if row["dataset"] else ABSENT)


def _fusion(row: Row) -> Cell:
    return Cell(row["fusion"], href=_run_folder(row)) if row["fusion"] else Cell(ABSENT)


def _seed(row: Row) -> Cell:
    return Cell(row["seed"], row["seed"], f"{_run_folder(row)}seed{row['seed']}/")


MODEL = (
    Column("data set", _dataset, ("dataset", "filter")),
    Column("encoders", _encoders, ("text_encoder", "image_encoder")),
    Column("fusion", _fusion, ("fusion",)),
)
SEEDS = _count("seeds", "seeds")
KINDS = ("gold", "correct", "missed", "spurious", "wrong_type", "wrong_boundary", "both")
TABLES: Sequence[tuple[str, str, str, Sequence[Column]]] = (
    (
        "tables/does_it_help.csv",
        "Does the image help?",
        "Entity F1 on the test split in percent, every fusion beside its text-only twin. Drop: points that "
        "the same weights lose with wrong images. Changed: percentage of posts tagged otherwise.",
        (
            *MODEL,
            Column("verdict", lambda row: Cell(row["verdict"]), ("verdict",)),
            _number("difference", "difference", points),
            Column("95 % interval", _interval, ("low", "high"), number=True),
            _number("corrected p", "p_corrected", p_value),
            _percent("text-only F1", "text_only"),
            _percent("fusion F1", "fusion_score"),
            _number("drop, shuffled", "drop_shuffled", points),
            _number("drop, blank", "drop_blank", points),
            _percent("changed", "changed"),
            SEEDS,
        ),
    ),
    (
        "tables/grid.csv",
        "All combinations",
        "F1 on the test split in percent, mean ± standard deviation over seeds.",
        (
            *MODEL,
            _spread("entity F1", "entity_f1"),
            _spread("strict", "entity_f1_strict"),
            _spread("token macro F1", "token_macro_f1"),
            _spread("subword macro F1", "subword_macro_f1"),
            _percent("shuffled", "entity_f1_shuffled"),
            _percent("blank", "entity_f1_blank"),
            SEEDS,
        ),
    ),
    (
        "tables/thesis.csv",
        "Beside the thesis",
        "Subword macro F1 in percent. The note says why a row can or cannot be compared.",
        (
            _text("thesis's data", "thesis_data"),
            _text("thesis's system", "thesis_system"),
            Column("thesis", _range, ("thesis_low", "thesis_high"), number=True),
            *MODEL,
            _spread("ours", "subword_macro_f1"),
            _text("note", "note"),
        ),
    ),
    (
        "tables/published.csv",
        "Beside published results",
        "Entity F1 in percent; only where data set, split and metric are the same.",
        (
            _text("data set", "dataset"),
            _text("origin", "origin"),
            _text("system", "system"),
            _text("backbone", "backbone"),
            _text("modality", "modality"),
            _percent("entity F1", "value"),
            _text("source", "source"),
        ),
    ),
    (
        "tables/per_type.csv",
        "By entity type",
        "Entity scores on the test split in percent; support is the number of gold entities.",
        (
            *MODEL,
            _text("type", "type"),
            _count("support", "support"),
            _percent("precision", "precision"),
            _percent("recall", "recall"),
            _spread("F1", "f1"),
        ),
    ),
    (
        "tables/errors.csv",
        "Errors",
        "Number of entities on the test split, means over seeds: in all, and by type, length in words, "
        "whether the words were an entity in training, and whether the post has a usable image.",
        (
            *MODEL,
            _text("by", "by"),
            _text("group", "group"),
            *(_count(kind.replace("_", " "), kind) for kind in KINDS),
        ),
    ),
    (
        "tables/fixed_and_broken.csv",
        "Fixed and broken",
        "Entities beside the text-only twin, means over seeds: gold ones that only the fusion finds (fixed) "
        "or only the twin (broken), wrong ones that only the twin makes (removed) or the fusion (added).",
        (
            *MODEL,
            _text("type", "type"),
            *(_count(change, change) for change in ("fixed", "broken", "removed", "added")),
        ),
    ),
    (
        "tables/cost.csv",
        "Cost",
        "What training took, mean over seeds.",
        (
            *MODEL,
            _count("seconds", "seconds_mean"),
            _count("epochs", "epochs"),
            _count("peak memory, MiB", "peak_memory_mib"),
            _count("weights trained", "parameters_trained"),
            _text("hardware", "hardware"),
        ),
    ),
    (
        "scores.csv",
        "Every run",
        "Every run, split and image condition; a seed leads to the run's folder with weights, "
        "configuration, history and predictions.",
        (
            *MODEL,
            Column("seed", _seed, ("seed",), number=True),
            _text("split", "split"),
            _text("image", "image"),
            _percent("entity F1", "entity_f1"),
            _percent("precision", "entity_precision"),
            _percent("recall", "entity_recall"),
            _percent("token macro F1", "token_macro_f1"),
        ),
    ),
)
