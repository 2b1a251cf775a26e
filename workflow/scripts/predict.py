"""Predict dev and test with a trained run, and test again with each source shuffled and blanked."""

from importlib import import_module
from pathlib import Path

import mnerflow.compute.start_up  # noqa: F401
from mnerflow.compute.gpus import take_gpus
from mnerflow.conditions import conditions_of
from mnerflow.config import RunConfig, build
from mnerflow.data.post import read_posts
from mnerflow.evaluation.predictions import write_predictions
from mnerflow.log import job
from mnerflow.plan.names import Run
from mnerflow.training.images import open_images
from mnerflow.training.predictor import PostPredictor

folder = Path(snakemake.input.model).parent
with job(f"predicted {folder}", snakemake.log[0]):
    take_gpus(snakemake.resources.gpu, snakemake.config.get("allow_cpu", False))
    given = snakemake.input
    config = build(RunConfig, snakemake.params.run, str(folder))
    predictor = PostPredictor(config, folder, open_images(given.get("images"), given.get("features")))
    found = {
        (split, condition.name): predictions
        for split, conditions in conditions_of(config.sources).items()
        for condition, predictions in predictor.predict_under(
            conditions, read_posts(Path(given[split])), split
        ).items()
    }
    write_predictions(Path(snakemake.output.predictions), found)
    # Imported by name, so it does not count as code that predictions depend on.
    kept_weights = import_module("mnerflow.plan.kept_weights")
    kept_weights.drop_after_predicting(snakemake.config, Run.from_folder(folder), Path("results"))
