"""Unpack a published run."""

from pathlib import Path

from mnerflow.files.paths import expanded
from mnerflow.log import job
from mnerflow.plan.names import Run
from mnerflow.publishing.take_over import take_over

run = Run.from_folder(snakemake.wildcards.run)
with job(f"took over {run.path}", snakemake.log[0]):
    published = expanded(snakemake.config["published"])
    take_over(published, run, Path("results"), Path(snakemake.input.data[0]).parent)
