"""Make an embedded data set: posts, images, and what text alone can reach."""

from pathlib import Path

from mnerflow.data.demo import DemoConfig, make_demo
from mnerflow.log import job

with job(f"made {snakemake.wildcards.dataset}", snakemake.log[0]):
    make_demo(DemoConfig(**snakemake.params.options), Path(snakemake.output.images).parent)
