"""Train one run."""

from copy import deepcopy
from pathlib import Path

import mnerflow.compute.start_up  # noqa: F401
from mnerflow.compute.device import gpu_memory
from mnerflow.compute.gpus import take_gpus
from mnerflow.config import RunConfig, build
from mnerflow.log import job
from mnerflow.plan.names import Run
from mnerflow.plan.settings import images_read, sources
from mnerflow.training.images import open_images
from mnerflow.training.preemption import preemptible
from mnerflow.training.run import train_run

folder = Path(snakemake.output.model).parent
with job(f"trained {folder}", snakemake.log[0]):
    take_gpus(snakemake.resources.gpu, snakemake.config.get("allow_cpu", False))
    given, params = snakemake.input, snakemake.params
    run = Run.named(dict(snakemake.wildcards.items()))
    about = {
        **run.names,
        "sources": sources(snakemake.config, run.text_encoder, run.image_encoder),
        "images": images_read(snakemake.config, run.dataset, run.image_encoder),
        "tokenizer": snakemake.config["datasets"][run.dataset].get("tokenizer", "words"),
    }
    values = deepcopy(dict(params.run))
    values["training"]["checkpoint_seconds"] = float(snakemake.resources.checkpoint_seconds)
    config = build(RunConfig, values, str(folder))
    images = open_images(given.get("images"), given.get("features"))
    with preemptible(), gpu_memory(config.training.batch_tokens):
        train_run(config, Path(given.train), Path(given.dev), images, folder, about, params.code)
