"""Report on a data set."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.reporting.data_report import write_data_report

with job(f"reported on {snakemake.wildcards.dataset}", snakemake.log[0]):
    given = snakemake.input
    write_data_report(
        Path(snakemake.output.md),
        snakemake.params.about,
        Path(given.report).parent,
        [Path(file) for file in given.filters],
        Path(given.index) if given.get("index") else None,
        Path(given.placement) if given.get("placement") else None,
    )
