"""Apply filters to a data set's prepared posts."""

from pathlib import Path

from mnerflow.data.filters import run_filter
from mnerflow.log import job

with job(f"filtered {snakemake.wildcards.dataset} by {snakemake.wildcards.filter}", snakemake.log[0]) as log:
    source, out = Path(snakemake.input[0]).parent, Path(snakemake.output.summary).parent
    summary = run_filter(snakemake.wildcards.filter, snakemake.params.options, source, out)
    log.info("dropped: %s", summary["dropped"])
