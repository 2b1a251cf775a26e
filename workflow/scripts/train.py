"""Train one run."""

from pathlib import Path

from mnerflow.compute.gpus import take_gpus
from mnerflow.grid import Run, images_read, sources
from mnerflow.log import job
from mnerflow.training.run import train_job

folder = Path(snakemake.output.model).parent
with job(f"trained {folder}", snakemake.log[0]):
    take_gpus(snakemake.resources.gpu, snakemake.config.get("allow_cpu", False))
    given, params = snakemake.input, snakemake.params
    run = Run.named(dict(snakemake.wildcards.items()))
    about = {
        **run.names,
        "sources": sources(snakemake.config, run.text_encoder, run.image_encoder),
        "images": images_read(snakemake.config, run.dataset, run.image_encoder),
    }
    training = params.run["training"]
    training |= {"checkpoint_seconds": float(snakemake.resources.checkpoint_seconds)}
    train_job(
        values=params.run | {"training": training},
        train=given.train,
        dev=given.dev,
        pixels=given.get("images"),
        features=given.get("features"),
        folder=str(folder),
        about=about,
        code=params.code,
    )
