"""The tables of the report: which columns of which CSV file a reader sees, and how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from mnerflow.evaluation.errors import KINDS
from mnerflow.plan.names import Combination, Run
from mnerflow.reporting.does_it_help import interval, p_value, points
from mnerflow.reporting.literature import reservation
from mnerflow.reporting.render import ABSENT, percent, spread
from mnerflow.reporting.table_files import read_csv

Row = Mapping[str, str | None]
MOST_ROWS = 2000  # of a table: with more, a browser takes seconds to open the page


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, what it is sorted by where that is not the text, where it leads, whether it is bold."""

    text: str
    order: str | None = None
    href: str | None = None
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, how a row's cell is made, the columns it needs, whether it holds numbers.

    ``place`` says where it is shown: ``"row"``, ``"wide"`` (in the row of a wide page, among a row's details
    on a phone), or ``"detail"``.
    """

    title: str
    cell: Callable[[Row], Cell]
    needs: Sequence[str]
    number: bool = False
    place: str = "row"


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


def _spread(title: str, name: str, best: str | None = None) -> Column:
    """Mean and deviation; bold where the column ``best`` says so."""

    def cell(row: Row) -> Cell:
        mean, deviation = (float(row[key]) if row[key] else None for key in keys)
        return Cell(spread(mean, deviation), row[keys[0]] or "", bold=bool(best) and row[best] == "True")

    keys = (f"{name}_mean", f"{name}_sd")
    return Column(title, cell, (*keys, *([best] if best else ())), number=True)


def _wide(*columns: Column) -> tuple[Column, ...]:
    return tuple(replace(column, place="wide") for column in columns)


def _detail(*columns: Column) -> tuple[Column, ...]:
    return tuple(replace(column, place="detail") for column in columns)


def _dataset(row: Row) -> Cell:
    return Cell(Combination.of(row).data if row["dataset"] else ABSENT)


def _model(row: Row) -> Cell:
    if not row["dataset"]:
        return Cell(ABSENT)
    combination = Combination.of(row)
    return Cell(combination.model, href=quote(f"runs/{combination.folder}/"))


def _difference(row: Row) -> Cell:
    return Cell(points(float(row["difference"])), row["difference"], bold=row["sure"] == "True")


def _interval(prefix: str = "") -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        low, high = row[f"{prefix}low"], row[f"{prefix}high"]
        return Cell(interval(float(low), float(high)), low) if low else Cell(ABSENT, "")

    return cell


def _drop(ablation: str) -> tuple[Column, Column]:
    name = f"drop_{ablation}"
    needs = (f"{name}_low", f"{name}_high")
    between = Column(f"interval of drop, {ablation}", _interval(f"{name}_"), needs, number=True)
    return _number(f"drop, {ablation}", name, points), between


def _range(row: Row) -> Cell:
    if not row["thesis_low"]:
        return Cell(ABSENT, "")
    ends = [percent(float(row[name])) for name in ("thesis_low", "thesis_high")]
    return Cell("–".join(dict.fromkeys(ends)), row["thesis_low"])


def _reservation(row: Row) -> Cell:
    return Cell(reservation(row["checked"] == "True", row["seen_in"], row["remark"]) or ABSENT)


def _source(row: Row) -> Cell:
    return Cell(row["source"], href=row["url"])


def _seed(row: Row) -> Cell:
    return Cell(row["seed"], row["seed"], quote(f"runs/{Run.of(row).path}/"))


MODEL = (
    Column("data set", _dataset, ("dataset", "filter")),
    Column("model", _model, ("text_encoder", "image_encoder", "fusion", "variant")),
)
SEEDS = _count("seeds", "seeds")
TABLES: Sequence[tuple[str, str, str, Sequence[Column]]] = (
    (
        "tables/does_it_help.csv",
        "Does a source help?",
        "Entity F1 on the test split in percent, every run beside its baseline, which lacks the source; a "
        "sure difference is bold. Detectable: the smallest difference that the test alone, p not corrected, "
        "had an 80 % chance to show. Order: below 0.5 where the run's seeds are almost stochastically "
        "better; of few seeds no evidence by itself. Drop: points that the same weights lose with the "
        "source wrong. Changed: percentage of posts that are tagged otherwise with it shuffled.",
        (
            *MODEL,
            _text("source", "source"),
            _text("verdict", "verdict"),
            Column("difference", _difference, ("difference", "sure"), number=True),
            *_wide(
                Column("95 % interval", _interval(), ("low", "high"), number=True),
                _number("corrected p", "p_corrected", p_value),
                _percent("baseline", "baseline_score"),
                _percent("with it", "fusion_score"),
            ),
            *_detail(
                SEEDS,
                _number("p", "p", p_value),
                _percent("detectable", "detectable"),
                _number("order", "order", lambda value: f"{value:.2f}"),
                *_drop("shuffled"),
                *_drop("blank"),
                _percent("changed", "changed"),
            ),
        ),
    ),
    (
        "tables/grid.csv",
        "All combinations",
        "F1 on the test split in percent, mean ± standard deviation over seeds. Shuffled and blank: entity "
        "F1 of the same weights with wrong images. Bold: the best of its data set and filter, where the next "
        "one is surely worse. Token macro F1 is a mean over the tags of words, O among them; subword macro "
        "F1, the thesis's, counts a word once a subword; strict counts an entity only where B- begins it.",
        (
            *MODEL,
            _spread("entity F1", "entity_f1", "best"),
            *_wide(
                _spread("token macro F1", "token_macro_f1"),
                _percent("shuffled", "entity_f1_shuffled"),
                _percent("blank", "entity_f1_blank"),
                SEEDS,
            ),
            *_detail(
                _percent("entity F1, 95 % interval from", "entity_f1_low"),
                _percent("to", "entity_f1_high"),
                _spread("strict entity F1", "entity_f1_strict"),
                _spread("subword macro F1", "subword_macro_f1"),
                _count("sentences", "sentences"),
            ),
        ),
    ),
    (
        "tables/thesis.csv",
        "Beside the thesis",
        "Subword macro F1 in percent. The note among a row's details says why it can or cannot be compared.",
        (
            *_wide(_text("thesis's data", "thesis_data")),
            _text("thesis's system", "thesis_system"),
            Column("thesis", _range, ("thesis_low", "thesis_high"), number=True),
            *_wide(*MODEL),
            _spread("ours", "subword_macro_f1"),
            *_detail(_text("note", "note")),
        ),
    ),
    (
        "tables/literature.csv",
        "Beside the literature",
        "Entity F1 in percent; only where data set, split and metric are the same.",
        (
            _text("data set", "dataset"),
            _text("system", "system"),
            _percent("entity F1", "value"),
            *_wide(
                _text("backbone", "backbone"),
                _text("modality", "modality"),
                Column("source", _source, ("source", "url")),
            ),
            *_detail(Column("beware", _reservation, ("checked", "seen_in", "remark"))),
        ),
    ),
    (
        "tables/per_type.csv",
        "By entity type",
        "Entity scores on the test split in percent, means over seeds. Bold: the best of its data set and "
        "type, where the next one is surely worse. Image let in: how far the gate is open, or how much "
        "attention lies on patches instead of on nothing (99.6 where it is even over 256 patches), at the "
        "words of such entities.",
        (
            *MODEL,
            _text("type", "type"),
            _spread("F1", "f1", "best"),
            *_wide(
                _percent("precision", "precision"),
                _percent("recall", "recall"),
                _count("gold entities", "support"),
                _percent("image let in", "image_weight"),
            ),
        ),
    ),
    (
        "tables/errors.csv",
        "Errors",
        "Number of entities on the test split, means over seeds: in all, and by type, length in words, "
        "whether the words were an entity in training, and whether the post has a usable image.",
        (
            *MODEL,
            *_wide(_text("by", "by")),
            _text("group", "group"),
            _count("gold", "gold"),
            _count("correct", "correct"),
            *_wide(*(_count(kind.replace("_", " "), kind) for kind in KINDS)),
        ),
    ),
    (
        "tables/fixed_and_broken.csv",
        "Fixed and broken",
        "Entities beside the baseline, which lacks the source, means over seeds: gold ones that only the "
        "run finds (fixed) or only the baseline (broken), wrong ones that only the baseline makes (removed) "
        "or the run (added).",
        (
            *MODEL,
            _text("source", "source"),
            _text("type", "type"),
            _count("fixed", "fixed"),
            _count("broken", "broken"),
            *_wide(_count("removed", "removed"), _count("added", "added")),
        ),
    ),
    (
        "tables/cost.csv",
        "Cost",
        "What training took, mean over seeds; without what the run took that it starts from, where it starts "
        "from one. Seconds of two machines do not compare. Peak memory is the processor's, not a GPU's.",
        (
            *MODEL,
            _count("seconds", "seconds_mean"),
            *_wide(
                _count("epochs", "epochs"),
                _count("peak memory, MiB", "peak_memory_mib"),
                _count("weights trained", "parameters_trained"),
                _text("hardware", "hardware"),
            ),
            *_detail(SEEDS),
        ),
    ),
    (
        "scores.csv",
        "Every run",
        "Every run, split and condition; a seed leads to the run's folder with weights, "
        "configuration, history and predictions.",
        (
            *MODEL,
            Column("seed", _seed, ("seed",), number=True),
            *_wide(_text("split", "split")),
            _text("condition", "condition"),
            _percent("entity F1", "entity_f1"),
            *_wide(
                _percent("precision", "entity_precision"),
                _percent("recall", "entity_recall"),
                _percent("token macro F1", "token_macro_f1"),
            ),
        ),
    ),
)
