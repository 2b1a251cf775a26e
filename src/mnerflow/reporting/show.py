"""The results for a terminal: the answer, the table, and the paths of everything else."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill

from mnerflow.errors import UserError, printable, quantity
from mnerflow.plan.datasets import Datasets, Kind
from mnerflow.plan.names import Combination
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.plan.study import config_of, file_of_study
from mnerflow.plan.variants import contexts_of, variants
from mnerflow.record import ContextRecord
from mnerflow.reporting import does_it_help, rivals, summary
from mnerflow.reporting.answer import answers
from mnerflow.reporting.columns import DATA, INTERVAL, MODEL, POINTS, SEEDS, Column, Row, over_seeds
from mnerflow.reporting.reading import what_is_read
from mnerflow.reporting.table import Table

PLACES = {"tables": "tables", "plots": "plots", "data": "reports/data", "report": "report.html"}
WIDTH = 100
# With a model name of 34 letters it fits 120 columns.
TABLE = Table(
    "Results",
    "Entity F1 on test in percent: mean over seeds, ± standard deviation from three seeds on. Difference: "
    "points gained over the baseline, the same run without its image or context, with the 95 % interval "
    "over other sentences and seeds.",
    columns := (
        DATA,
        MODEL,
        SEEDS,
        *over_seeds("entity_f1", "entity F1", "F1 over entities"),
        Column("difference", "difference", form=POINTS),
        Column("low", "95 % interval", form=INTERVAL),
        Column("verdict", "verdict"),
    ),
    printed=[column for column in columns if column.title],
)


def results_text(study: Path) -> str:
    """The answer, all combinations with what each gains, and the paths of tables, plots and reports.

    Raises ``UserError`` when there are no tables yet, or only those of an earlier grid.
    """
    grid = summary.GRID.read(file_of_study(study, "tables/grid.csv"))
    compared = does_it_help.TABLE.read(file_of_study(study, "tables/does_it_help.csv"))
    config = config_of(study)
    data = Datasets(config)
    kinds = {name: data.kind(name) for name in config["datasets"]}
    contexts = {name: contexts_of(config, name) for name in variants(config)}
    if any(row["dataset"] not in kinds or row["variant"] not in contexts for row in grid):
        raise UserError(
            f"{study}: its tables are of another grid than its config.yaml. Run the workflow to its end."
        )
    found = answers(compared, grid, kinds, SeedPools.of(config))
    read = " ".join(what_is_read(map(Combination.of, grid), contexts, kinds))
    said = ["Does the image help?", *(" ".join(line) for line in (*found.headline, *found.checks)), read]
    table = TABLE.render(_rows(grid, compared, kinds), summary.remarks(grid)).console()
    places = [f"{name:<8}{study / place}" for name, place in PLACES.items() if (study / place).exists()]
    return "\n".join([*(fill(line, WIDTH) for line in said), "", table, *places])


def _rows(grid: Sequence[Row], compared: Sequence[Row], kinds: Mapping[str, Kind]) -> list[Row]:
    """A row per combination, and another for each further source, which is then named; real data first."""
    nothing = {"difference": None, "low": None, "high": None, "verdict": None}
    found: dict[Combination, list[Row]] = defaultdict(list)
    for row in compared:
        found[Combination.of(row)].append(row)
    rows: list[Row] = []
    for row in sorted(grid, key=lambda row: bool(kinds[row["dataset"]].control)):
        same = found[Combination.of(row)]
        if len(same) > 1:
            same = [{**other, "verdict": f"{other['source']}: {other['verdict']}"} for other in same]
        rows += [{**row, **{name: other[name] for name in nothing}} for other in same or [nothing]]
    return rows


def rivals_text(study: Path) -> str:
    """The table of the rivals from ``tables/rivals.csv``, and its path."""
    path = study / "tables/rivals.md"
    rows = rivals.SHORT.read(path.with_suffix(".csv"))
    return f"{rivals.SHORT.render(rows).console()}\nrivals  {path}\n"


def context_text(record: Path) -> str:
    """A summary of a generated context: posts with a text, reasons why others have none, and the cost.

    ``record`` is the file beside the context that describes how it was made.
    """
    found = ContextRecord.read(record)
    why = "".join(f"; {reason}: {len(ids)}" for reason, ids in found.without.items())
    parts = [f"a text for {found.texts:,} of {quantity(found.posts, 'post')}{why}"]
    if found.cut_off:
        parts.append(f"{quantity(len(found.cut_off), 'text is', 'texts are')} cut off")
    if found.without_image:
        posts = quantity(len(found.without_image), "post")
        parts.append(f"{posts} without an image queried with the text alone")
    if found.cost is not None:
        parts.append(f"${found.cost:.4f}, of which ${found.cost_now:.4f} now")
    return printable(f"{record.with_suffix('.jsonl')}: {'; '.join(parts)}. Lists: {record}")
