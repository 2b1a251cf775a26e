"""Plot a data set's tag distribution."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.reporting.plots.tag_distribution import draw_tag_distribution

with job(f"drew the tags of {snakemake.wildcards.dataset}", snakemake.log[0]):
    splits = {Path(file).stem: Path(file) for file in snakemake.input}
    out = Path(snakemake.output.png).with_suffix("")
    draw_tag_distribution(splits, snakemake.params.title, snakemake.params.names, out)
