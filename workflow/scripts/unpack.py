"""Extract a data set's photos from their archive."""

from pathlib import Path

from mnerflow.data.archive import unpack
from mnerflow.log import job

with job(f"unpacked {snakemake.input[0]}", snakemake.log[0]) as log:
    names = unpack(Path(snakemake.input[0]), Path(snakemake.output[0]), snakemake.params.inner)
    log.info("files: %d", len(names))
