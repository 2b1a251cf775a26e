"""Compute a frozen image encoder's patch vectors once."""

from pathlib import Path

import mnerflow.compute.start_up  # noqa: F401
from mnerflow.compute.gpus import take_gpus
from mnerflow.config import ImageConfig, build
from mnerflow.log import job
from mnerflow.training.features import compute_features

with job(f"image features of {snakemake.wildcards.dataset}", snakemake.log[0]):
    take_gpus(snakemake.resources.gpu, snakemake.config.get("allow_cpu", False))
    encoder = build(ImageConfig, snakemake.params.encoder, f"image_encoders.{snakemake.wildcards.image}")
    compute_features(
        encoder, Path(snakemake.input.images).parent, Path(snakemake.output[0]), snakemake.threads
    )
