"""Score a run's predictions."""

from pathlib import Path

from mnerflow.data.tags import tag_list
from mnerflow.evaluation.scores import score_run
from mnerflow.log import job

folder = Path(snakemake.input[0]).parent
with job(f"scored {folder}", snakemake.log[0]):
    tags = tag_list(snakemake.params.types)
    out = snakemake.output
    score_run(folder, tags, out.scores, out.counts, uses_image=snakemake.params.uses_image)
