"""Make an embedded data set: posts, images, and the best score that a text-only model can reach."""

from pathlib import Path

from mnerflow.config import build
from mnerflow.data.config import DemoConfig
from mnerflow.data.demo import make_demo
from mnerflow.log import job

with job(f"made {snakemake.wildcards.dataset}", snakemake.log[0]):
    config = build(DemoConfig, snakemake.params.options, f"datasets.{snakemake.wildcards.dataset}.generator")
    make_demo(config, Path(snakemake.output.images).parent)
