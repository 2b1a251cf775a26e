"""Unpack a published run."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.publication import take_over

folder = Path(snakemake.output.record).parent
with job(f"took over {folder}", snakemake.log[0]):
    take_over(Path(snakemake.input.packed).parent, folder, Path(snakemake.input.data[0]).parent)
