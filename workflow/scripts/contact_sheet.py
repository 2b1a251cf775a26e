"""Draw random posts with their images and text."""

from pathlib import Path

from mnerflow.data.pages.sheet import contact_sheet
from mnerflow.log import job

with job(f"drew crops of {snakemake.wildcards.dataset}", snakemake.log[0]):
    posts, images = map(Path, snakemake.input.posts), Path(snakemake.input.images)
    contact_sheet(posts, images, Path(snakemake.output[0]))
