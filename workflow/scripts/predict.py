"""Predict dev and test with a trained run, the test also with shuffled and blank images."""

from importlib import import_module
from pathlib import Path

from mnerflow.compute.gpus import take_gpus
from mnerflow.grid import ABLATIONS, Run
from mnerflow.log import job
from mnerflow.training.run import predict_job

folder = Path(snakemake.input.model).parent
with job(f"predicted {folder}", snakemake.log[0]):
    take_gpus(snakemake.resources.gpu, snakemake.config.get("allow_cpu", False))
    given, out, params = snakemake.input, snakemake.output, snakemake.params
    ablations = {name: out[name] for name in ABLATIONS if out.get(name)}
    predict_job(
        values=params.run,
        pixels=given.get("images"),
        features=given.get("features"),
        folder=str(folder),
        outputs={given.dev: {"true": out.dev}, given.test: {"true": out.test} | ablations},
    )
    # By name, so that it is no part of the code that predictions hang on.
    kept_weights = import_module("mnerflow.kept_weights")
    kept_weights.drop_own(snakemake.config, Run.from_folder(folder), Path("results"))
