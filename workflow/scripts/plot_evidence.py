"""Plot the tables of evidence."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.reporting.plots.ablations import draw_ablations
from mnerflow.reporting.plots.churn import draw_churn
from mnerflow.reporting.plots.cost import draw_cost
from mnerflow.reporting.plots.forest import draw_forest
from mnerflow.reporting.plots.per_type import draw_per_type
from mnerflow.reporting.plots.pooled import draw_pooled
from mnerflow.reporting.plots.reliability import draw_reliability

with job("drew the evidence", snakemake.log[0]):
    given = snakemake.input
    folder = Path(snakemake.output[0]).parent
    draw_pooled(given.pooled, snakemake.params.controls, folder / "pooled")
    draw_forest(given.help, folder / "forest")
    draw_ablations(given.help, folder / "ablations")
    draw_per_type(given.types, folder / "per_type")
    draw_churn(given.churn, folder / "churn")
    draw_reliability(given.bins, folder / "reliability")
    draw_cost(given.cost, given.scores, folder / "cost")
