"""Draw random posts with their images and text."""

from pathlib import Path

from mnerflow.data.poner.sheet import contact_sheet
from mnerflow.log import job

with job(f"drew crops of {snakemake.wildcards.dataset}", snakemake.log[0]):
    contact_sheet(Path(snakemake.input.images).parent, Path(snakemake.output[0]))
