"""Predict dev and test with a trained run, the test also with shuffled and blank images."""

from importlib import import_module
from pathlib import Path

from mnerflow.compute.gpus import take_gpus
from mnerflow.config import RunConfig, build
from mnerflow.data.post import read_posts
from mnerflow.evaluation.predictions import write_predictions
from mnerflow.log import job
from mnerflow.plan.names import ABLATIONS, Run
from mnerflow.training.images import open_images
from mnerflow.training.predictor import Predictor

folder = Path(snakemake.input.model).parent
with job(f"predicted {folder}", snakemake.log[0]):
    take_gpus(snakemake.resources.gpu, snakemake.config.get("allow_cpu", False))
    given, out = snakemake.input, snakemake.output
    images = open_images(given.get("images"), given.get("features"))
    predictor = Predictor(build(RunConfig, snakemake.params.run, str(folder)), folder, images)
    ablations = {name: out[name] for name in ABLATIONS if out.get(name)}
    for split, files in {"dev": {"true": out.dev}, "test": {"true": out.test} | ablations}.items():
        predictions = predictor.predict_under(list(files), read_posts(Path(given[split])), split)
        for condition, file in files.items():
            write_predictions(Path(file), predictions[condition])
    # By name, so that it is no part of the code that predictions hang on.
    kept_weights = import_module("mnerflow.plan.kept_weights")
    kept_weights.drop_own(snakemake.config, Run.from_folder(folder), Path("results"))
