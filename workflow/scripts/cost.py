"""Tabulate what each combination of the grid took to train."""

from mnerflow.errors import quantity
from mnerflow.log import job
from mnerflow.reporting.cost import TABLE, cost_rows

with job(f"tabulated the cost of {quantity(len(snakemake.input), 'run')}", snakemake.log[0]):
    TABLE.write(snakemake.output, cost_rows(snakemake.input))
