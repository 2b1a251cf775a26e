"""Score the predictions of all runs of a text encoder."""

from pathlib import Path

from mnerflow.data.tags import tag_list
from mnerflow.errors import quantity
from mnerflow.evaluation.scores import score_runs
from mnerflow.log import job

folders = sorted({Path(file).parent for file in snakemake.input})
with job(f"scored {quantity(len(folders), 'run')}", snakemake.log[0]):
    out = snakemake.output
    score_runs(folders, tag_list(snakemake.params.types), out.counts, out.get("of_all"))
