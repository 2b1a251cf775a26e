"""Train one run."""

from pathlib import Path

from mnerflow.config import RunConfig, build
from mnerflow.log import job
from mnerflow.training.preemption import preemptible
from mnerflow.training.run import open_images, train_run

folder = Path(snakemake.output.model).parent
with job(f"trained {folder}", snakemake.log[0]), preemptible():
    given = snakemake.input
    run = build(RunConfig, snakemake.params.run, str(folder))
    images = open_images(given.get("images"), given.get("features"))
    about = dict(snakemake.wildcards.items())
    train_run(run, Path(given.train), Path(given.dev), images, folder, about, snakemake.params.code)
