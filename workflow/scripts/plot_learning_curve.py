"""Plot entity F1 against the number of training posts."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.reporting.plots.learning_curve import draw_learning_curve

with job("drew the learning curve", snakemake.log[0]):
    draw_learning_curve(snakemake.input[0], Path(snakemake.output.png).with_suffix(""))
