"""Plot training curves."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.reporting.plots.training_curves import draw_training_curves

with job("drew training curves", snakemake.log[0]):
    draw_training_curves([Path(file) for file in snakemake.input], Path(snakemake.output.png).with_suffix(""))
