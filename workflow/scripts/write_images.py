"""Write the images that a data set's files contain: lines cut out of scans, images in tables."""

from pathlib import Path

from mnerflow.data.formats import write_images
from mnerflow.log import job

with job(f"wrote images of {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    paths = [Path(path) for path in snakemake.params.paths]
    root = Path(snakemake.params.folder)
    number = write_images(snakemake.params.format, paths, Path(snakemake.output[0]), root)
    log.info("images: %d", number)
