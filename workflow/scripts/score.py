"""Score a run's predictions."""

from pathlib import Path

from mnerflow.data.tags import tag_list
from mnerflow.evaluation.scores import score_run
from mnerflow.log import job

folder = Path(snakemake.input[0]).parent
with job(f"scored {folder}", snakemake.log[0]):
    tags = tag_list(snakemake.params.types)
    score_run(folder, tags, snakemake.output[0], uses_image=snakemake.params.uses_image)
