"""Draw what the tables of evidence say."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.reporting.plots import draw_ablations, draw_cost, draw_forest, draw_per_type

with job("drew the evidence", snakemake.log[0]):
    given = snakemake.input
    folder = Path(snakemake.output[0]).parent
    draw_forest(given.help, folder / "forest")
    draw_ablations(given.help, folder / "ablations")
    draw_per_type(given.types, folder / "per_type")
    draw_cost(given.cost, given.scores, folder / "cost")
