"""Cut the lines of a data set's posts out of the scans of their pages."""

from pathlib import Path

from mnerflow.data.formats import write_images
from mnerflow.log import job

with job(f"cut lines of {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    pages = [Path(path) for path in snakemake.params.pages]
    number = write_images(snakemake.params.format, pages, Path(snakemake.output[0]))
    log.info("%d crops", number)
