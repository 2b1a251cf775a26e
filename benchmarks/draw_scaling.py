"""Draw docs/scaling.csv: processor time of each stage against the number of runs.

    python benchmarks/draw_scaling.py

Writes docs/scaling.svg.
"""

import csv
from collections import defaultdict
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from script import execute

from mnerflow.files.reading import read_text
from mnerflow.files.writing import atomic_path
from mnerflow.reporting import style

ROOT = Path(__file__).parents[1]
# Stages of the plot, with the rules whose jobs they sum up. Markers and lines differ even without colour.
STAGES = {
    "plan (snakemake -n)": (("plan",), style.Look("#000000", "o", "-")),
    "score": (("score", "scores"), style.Look("#0075BC", "s", (0, (4, 1.2)))),
    "errors": (
        ("errors", "fixed_and_broken", "examples"),
        style.Look("#A01850", "D", (0, (6, 1.2, 1.5, 1.2))),
    ),
    "evidence": (("evidence",), style.Look("#229F6E", "^", (0, (2, 1)))),
    "tables and cost": (("tables", "literature", "cost"), style.Look("#A3A3A3", "v", (0, (1, 1)))),
    "plots": (
        ("plot_evidence", "plot_training_curves", "plot_fusion_comparison"),
        style.Look("#DD7722", "p", (0, (5, 1, 1, 1))),
    ),
    "report page and record": (("report", "crate"), style.Look("#8CC8EC", ">", (0, (8, 1.5)))),
}


@style.styled
def draw(rows: list[dict[str, str]]) -> Figure:
    """One line per stage, with both axes logarithmic."""
    seconds: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        for stage, (rules, _) in STAGES.items():
            if row["stage"] in rules:
                seconds[stage][int(row["runs"])] += float(row["processor_seconds"])
    figure = Figure(figsize=(5, 3.4))
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="Runs of the grid")
    axes.set_ylabel("Processor time (seconds)")
    handles = []
    for stage, (_, look) in STAGES.items():
        points = sorted(seconds[stage].items())
        (line,) = axes.plot(
            *zip(*points, strict=True), color=look.color, marker=look.marker, linestyle=look.line, label=stage
        )
        handles.append(line)
    ticks = sorted({int(row["runs"]) for row in rows})
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter("{x:g}")
    style.legend_below(figure, handles)
    return figure


@style.styled
def main() -> None:
    figure = draw(list(csv.DictReader(read_text(ROOT / "docs/scaling.csv").splitlines())))
    with atomic_path(ROOT / "docs/scaling.svg") as temporary:
        figure.savefig(temporary, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    execute(main)
