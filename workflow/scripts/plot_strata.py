"""Plot the table of strata."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.reporting.plots.strata import draw_strata

with job("drew the strata", snakemake.log[0]):
    draw_strata(snakemake.input[0], Path(snakemake.output.png).with_suffix(""))
