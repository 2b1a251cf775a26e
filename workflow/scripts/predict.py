"""Predict dev and test with a trained run, the test also with shuffled and blank images."""

from pathlib import Path

from mnerflow.config import RunConfig, build
from mnerflow.gpus import take_gpus
from mnerflow.grid import ABLATIONS
from mnerflow.log import job
from mnerflow.training.device import gpu_memory
from mnerflow.training.run import open_images, predict_run

folder = Path(snakemake.input.model).parent
with job(f"predicted {folder}", snakemake.log[0]):
    take_gpus(snakemake.resources.gpu)
    given, out = snakemake.input, snakemake.output
    run = build(RunConfig, snakemake.params.run, str(folder))
    images = open_images(given.get("images"), given.get("features"))
    ablations = {name: Path(out[name]) for name in ABLATIONS if out.get(name)}
    with gpu_memory(run.training.batch_tokens):
        predict_run(run, Path(given.dev), images, folder, {"true": Path(out.dev)})
        predict_run(run, Path(given.test), images, folder, {"true": Path(out.test)} | ablations)
