"""What each run loses with its source shuffled or blank."""

from pathlib import Path

from mnerflow.plan.names import Combination
from mnerflow.reporting import does_it_help, style
from mnerflow.reporting.plots.intervals import IntervalRow, handle, interval_figure, mark
from mnerflow.reporting.plots.panels import sources_told

FILL: dict[str, style.Fill] = {"shuffled": "bottom", "blank": "none"}
ENDS = ("", "_low", "_high")


@style.styled
def draw_ablations(comparisons: str | Path, out_stem: str | Path) -> None:
    """Draw the drops of ``does_it_help.csv`` with their 95 % intervals.

    The right edge shows the share of posts that are tagged differently when the source is shuffled. Raises
    ``UserError`` when the file is missing or lacks a column.
    """
    records = [
        record
        for record in does_it_help.TABLE.read(comparisons)
        if all(record[f"drop_{name}"] is not None for name in FILL)
    ]
    rows = [
        IntervalRow(
            Combination.of(record),
            [mark(record, (f"drop_{name}{end}" for end in ENDS), fill) for name, fill in FILL.items()],
            f"{source}{100 * record['changed']:.0f} % changed",
        )
        for record, source in zip(records, sources_told(records), strict=True)
    ]
    handles = [handle(name, fill) for name, fill in FILL.items()]
    label = "True − altered source, test entity F1 (points)"
    figure = (
        interval_figure(rows, label, handles)
        if rows
        else style.note("No run was predicted with an altered source.")
    )
    style.save(figure, out_stem)
