"""Take a data set's photos, or other files, out of their archive."""

from pathlib import Path

from mnerflow.data.archive import unpack
from mnerflow.data.post import IMAGE_SUFFIXES
from mnerflow.log import job

with job(f"unpacked {snakemake.input[0]}", snakemake.log[0]) as log:
    endings = snakemake.params.get("endings", IMAGE_SUFFIXES)
    names = unpack(Path(snakemake.input[0]), Path(snakemake.output[0]), snakemake.params.inner, endings)
    log.info("%d files", len(names))
