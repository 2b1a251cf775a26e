"""Write the report."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.reporting.page import write_page

with job("wrote the report", snakemake.log[0]):
    given = snakemake.input
    parts = ([Path(file) for file in files] for files in (given.plots, given.tables, given.data))
    write_page(Path(snakemake.output[0]), Path(given.help), *parts)
