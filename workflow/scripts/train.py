"""Train one run."""

from pathlib import Path

from mnerflow.config import RunConfig, build
from mnerflow.log import job
from mnerflow.training.launch import launch
from mnerflow.training.run import train_order

folder = Path(snakemake.output.model).parent
with job(f"trained {folder}", snakemake.log[0]):
    given = snakemake.input
    processes = build(RunConfig, snakemake.params.run, str(folder)).training.processes
    order = {
        "values": snakemake.params.run,
        "train": given.train,
        "dev": given.dev,
        "pixels": given.get("images"),
        "features": given.get("features"),
        "folder": str(folder),
        "about": dict(snakemake.wildcards.items()),
        "code": snakemake.params.code,
    }
    if processes == 1:
        train_order(**order)
    else:
        launch(processes, order, snakemake.log[0])
