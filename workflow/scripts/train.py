"""Train one run."""

from pathlib import Path

from mnerflow.config import RunConfig, build
from mnerflow.gpus import take_gpus
from mnerflow.log import job
from mnerflow.training.device import gpu_memory
from mnerflow.training.preemption import preemptible
from mnerflow.training.run import open_images, train_run

folder = Path(snakemake.output.model).parent
with job(f"trained {folder}", snakemake.log[0]), preemptible():
    take_gpus(snakemake.resources.gpu)
    given = snakemake.input
    run = build(RunConfig, snakemake.params.run, str(folder))
    images = open_images(given.get("images"), given.get("features"))
    about = dict(snakemake.wildcards.items())
    with gpu_memory(run.training.batch_tokens):
        train_run(run, Path(given.train), Path(given.dev), images, folder, about, snakemake.params.code)
